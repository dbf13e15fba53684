import { deviceListHash, signDeviceList } from '@magpie/common/channel/device-list.ts';
import { deviceIdOf, equalBytes, type KeyPair, signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import type { FrameOf } from '@magpie/common/frames/frame.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { DEVICE_CHAIN_MAX, DEVICES_MAX } from '@magpie/common/limits.ts';
import type { Log } from '@magpie/common/log.ts';
import { ok, type Result } from '@magpie/common/result.ts';
import type { Answer, Request, RequestError } from '../server-link/server-connection.ts';
import type { PeerStore } from '../store/store.ts';
import { followChain, type KnownList, knownList, NO_PREVIOUS_HASH, soundTail } from './device-chain.ts';
import { type DeviceKeys, deviceKeysOf } from './device-keys.ts';
import type { Identity, IdentityKeeper } from './identity.ts';

export interface OwnDevicesOptions {
  readonly identity: Identity;
  readonly identityKeeper: IdentityKeeper;
  readonly store: PeerStore;
  readonly log: Log;
}

/** Requests to the server under a session of the own account. */
export interface OwnRequests {
  request(request: Request): Promise<Result<Answer, RequestError>>;
  requestAll(request: Request): Promise<Result<readonly Answer[], RequestError>>;
}

/**
 * The devices of the own account: the keys of this one, the account key when this device has it, and the chain of signed
 * lists that this device knows (R6). What is in the chain is in the store.
 */
export class OwnDevices {
  readonly keys: Pick<DeviceKeys, 'device' | 'exchange' | 'signKey'>;
  readonly #options: OwnDevicesOptions;
  #seed: Uint8Array;
  #accountPair: KeyPair;
  /** The seed that was replaced last in this run: it counts again when its replacement is refused. */
  #seedBefore: Uint8Array | undefined;
  /** Ascending, all of the present account key. */
  #chain: readonly KnownList[] = [];
  /** Syncs run one after the other: two at once would upload or store the same lists twice. */
  #syncing: Promise<unknown> = Promise.resolve();

  constructor(options: OwnDevicesOptions) {
    this.#options = options;
    this.keys = deviceKeysOf(options.identity);
    this.#seed = options.identity.accountSeed;
    this.#accountPair = signingKeyPairOf(this.#seed);
  }

  /** Before anything else. A chain of another key than the one at hand is of no use: its sign-in never came to an end. */
  async load(): Promise<void> {
    const lists = await this.#options.store.ownDeviceLists();
    this.#chain = lists.flatMap((blob) => knownList(blob, this.accountKey) ?? []);
  }

  get accountKey(): Uint8Array {
    return this.#accountPair.publicKey;
  }

  /** The secret of the account: goes into seals for other devices and for the server, and nowhere else. */
  get seed(): Uint8Array {
    return this.#seed;
  }

  get newest(): KnownList | undefined {
    return this.#chain.at(-1);
  }

  /** Rides in every handshake (PK11); 0 when no list is known. */
  get listVersion(): number {
    return this.newest?.list.version ?? 0;
  }

  /** The lists behind a version, ascending. */
  listsAbove(version: number): readonly KnownList[] {
    return this.#chain.filter(({ list }) => list.version > version);
  }

  isThis(device: { readonly exchangeKey: Uint8Array }): boolean {
    return equalBytes(device.exchangeKey, this.keys.exchange.publicKey);
  }

  /** The account key of an account that this device joins. Durable before anything is signed with it. */
  async takeSeed(seed: Uint8Array): Promise<void> {
    await this.#options.identityKeeper.replaceAccountSeed(seed);
    this.#seedBefore = this.#seed;
    this.#seed = Uint8Array.from(seed);
    this.#accountPair = signingKeyPairOf(this.#seed);
    this.#chain = [];
  }

  /**
   * The account kept its key after all, or has it again: so does this device, with the lists signed by it.
   * @param accountKey the only one to go back to; absent: whichever it was
   * @returns false when there is none to go back to
   */
  async takeBack(accountKey?: Uint8Array): Promise<boolean> {
    const before = this.#seedBefore;
    if (!before) return false;
    if (accountKey && !equalBytes(signingKeyPairOf(before).publicKey, accountKey)) return false;
    await this.takeSeed(before);
    this.#seedBefore = undefined;
    await this.load();
    return true;
  }

  /** Logged in: the server has the key that this device has. */
  handleWelcome(): void {
    this.#seedBefore = undefined;
  }

  /** A list that begins a chain, with this device alone. */
  beginList(version: number): KnownList {
    return this.#sign(version, NO_PREVIOUS_HASH, [this.#self()]);
  }

  /** The list behind `before`, in which this device stands as well. Undefined when there is no room for it. */
  listWithThis(before: KnownList): KnownList | undefined {
    const others = before.list.devices.filter((device) => !this.isThis(device));
    if (others.length >= DEVICES_MAX) return undefined;
    return this.#sign(before.list.version + 1, deviceListHash(before.blob), [...others, this.#self()]);
  }

  /** The list behind the newest, without a device. */
  listWithout(device: DeviceId): KnownList | undefined {
    if (!this.newest) return undefined;
    const { list, blob } = this.newest;
    const others = list.devices.filter(({ exchangeKey, signKey }) => deviceIdOf(exchangeKey, signKey) !== device);
    return this.#sign(list.version + 1, deviceListHash(blob), others);
  }

  /** Lists of our own making, or of another device of ours, which the server has now. */
  async adopt(lists: readonly KnownList[], anew = false): Promise<void> {
    const kept = anew ? [] : this.#chain;
    const blobs = lists.map(({ blob }) => blob);
    await this.#options.store.saveOwnDeviceLists(blobs, kept.length === 0);
    this.#chain = [...kept, ...lists].slice(-DEVICE_CHAIN_MAX);
  }

  /**
   * Makes this device's chain and the server's the same: what the server has and we lack is fetched and walked, what a
   * restored server lacks is given to it again.
   * @param version what the server has, as a welcome or a push told it
   * @returns whether our chain changed
   */
  sync(account: AccountNumber, version: number, requests: OwnRequests): Promise<boolean> {
    const result = this.#syncing.then(() => {
      if (version === this.listVersion) return false;
      return version > this.listVersion ? this.#fetch(account, requests) : this.#restore(version, requests);
    });
    this.#syncing = result.catch(() => undefined);
    return result;
  }

  /** Asks what the server has, told or not. */
  refresh(account: AccountNumber, requests: OwnRequests): Promise<boolean> {
    const result = this.#syncing.then(() => this.#fetch(account, requests));
    this.#syncing = result.catch(() => undefined);
    return result;
  }

  async #fetch(account: AccountNumber, requests: OwnRequests): Promise<boolean> {
    const news = await fetchChain(account, this.listVersion, requests);
    if (!news.ok) return false;
    const walked = followChain(this.newest, news.value, this.accountKey);
    if (walked.ok) {
      if (walked.value.length > 0) await this.adopt(walked.value);
      return walked.value.length > 0;
    }
    // Only our own devices sign for this key: two went on from one list, or one is missing between, as after a server
    // was restored. What the server has is what friends will get, so this device goes on from there.
    const all = await fetchChain(account, 0, requests);
    const tail = all.ok ? soundTail(all.value, this.accountKey) : [];
    if ((tail.at(-1)?.list.version ?? 0) <= this.listVersion) return false;
    this.#options.log.warn({ held: this.listVersion }, 'the own device lists do not follow and were taken anew');
    await this.adopt(tail, true);
    return true;
  }

  async #restore(version: number, requests: OwnRequests): Promise<boolean> {
    for (const { blob, list } of this.listsAbove(version)) {
      // It takes none from a device that does not stand in it.
      if (!list.devices.some((device) => this.isThis(device))) continue;
      const answer = await requests.request({ type: 'device-list-set', deviceList: blob });
      if (answer.ok) continue;
      this.#options.log.warn({ version, error: answer.error.kind }, 'the server takes no own device lists');
      break;
    }
    return false;
  }

  #self(): { readonly exchangeKey: Uint8Array; readonly signKey: Uint8Array } {
    return { exchangeKey: this.keys.exchange.publicKey, signKey: this.keys.signKey };
  }

  #sign(version: number, previousHash: Uint8Array, devices: KnownList['list']['devices']): KnownList {
    const list = { accountKey: this.accountKey, version, previousHash, devices };
    return { list, blob: signDeviceList(list, this.#accountPair.secretKey) };
  }
}

/** Every list of oneself or of a friend above a version, as the server has them; nothing of it is checked yet. */
export async function fetchChain(
  account: AccountNumber,
  since: number,
  requests: Pick<OwnRequests, 'requestAll'>,
): Promise<Result<readonly Uint8Array[], RequestError>> {
  const answers = await requests.requestAll({ type: 'device-chain-get', account, since });
  if (!answers.ok) return answers;
  const pages = answers.value.filter((answer): answer is FrameOf<'device-chain'> => answer.type === 'device-chain');
  return ok(pages.flatMap(({ lists }) => lists));
}
