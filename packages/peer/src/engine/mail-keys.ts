import { type MailboxKey, verifyMailboxKey } from '@magpie/common/channel/mailbox-key.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { after, type Clock, type Instant } from '@magpie/common/time.ts';
import type { Answer, Request, RequestError } from '../server-link/server-connection.ts';
import type { PeerStore } from '../store/store.ts';
import { inBackground } from './background.ts';
import { MAIL_KEYS_CACHED_MAX, NO_MAIL_KEY_MS } from './limits.ts';
import type { MailDevice, MailDevices } from './mail-devices.ts';

export interface MailKeysOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Pick<PeerStore, 'mailKeys' | 'saveMailKeys'>;
  readonly devices: Pick<MailDevices, 'devicesOf'>;
  readonly request: (request: Request) => Promise<Result<Answer, RequestError>>;
}

/** The mailbox keys of other devices: from memory, else from the store, else from the server. */
export class MailKeys {
  readonly #options: MailKeysOptions;
  /** Verified, the one used last at the end. */
  readonly #known = new Map<DeviceId, MailboxKey>();
  /** The server had none of these then. */
  readonly #missing = new Map<DeviceId, Instant>();
  readonly #stale = new Set<AccountNumber>();
  /** The server shows a key of an older chain than one that was seen: neither counts until it shows another. */
  readonly #rolledBack = new Set<DeviceId>();
  readonly #asking = new Map<AccountNumber, Promise<Result<void, RequestError>>>();
  /** Accounts that `prepare` was called for; one is asked for at a time. */
  readonly #toPrepare = new Set<AccountNumber>();
  #preparing: Promise<void> | undefined;

  constructor(options: MailKeysOptions) {
    this.#options = options;
  }

  /** @returns `busy` when the server would not say */
  async keyOf(device: MailDevice): Promise<Result<MailboxKey, 'no-mail-key' | 'link-down' | 'busy'>> {
    const known = await this.#knownKey(device);
    if (known) return ok(known);
    if (this.#isMissing(device.device)) return err('no-mail-key');
    const asked = await this.#ask(device.account);
    if (!asked.ok) return err(asked.error.kind === 'lost' ? 'link-down' : 'busy');
    const key = this.#known.get(device.device);
    if (key) return ok(key);
    if (this.#missing.size >= MAIL_KEYS_CACHED_MAX) this.#missing.clear();
    this.#missing.set(device.device, this.#options.clock.now());
    return err('no-mail-key');
  }

  /** What is known of this account is not what the server has: the next question goes to the server. */
  handleStale(account: AccountNumber): void {
    this.#stale.add(account);
  }

  /**
   * There is news of this account, such as friendship, another device, or that one of them is there: keys that are not
   * known are fetched now, so that the first message to it need not wait for them.
   */
  prepare(account: AccountNumber): void {
    for (const { device } of this.#options.devices.devicesOf(account)) this.#missing.delete(device);
    this.#toPrepare.add(account);
    this.#preparing ??= this.#prepareAll().finally(() => {
      this.#preparing = undefined;
    });
  }

  async #prepareAll(): Promise<void> {
    for (const account of this.#toPrepare) {
      this.#toPrepare.delete(account);
      const keys = await Promise.all(this.#options.devices.devicesOf(account).map((device) => this.#knownKey(device)));
      if (keys.every((key) => key !== undefined)) continue;
      const asked = await this.#ask(account);
      // Whatever comes next brings news again.
      if (!asked.ok && asked.error.kind === 'lost') this.#toPrepare.clear();
    }
  }

  async #knownKey(device: MailDevice): Promise<MailboxKey | undefined> {
    if (this.#stale.has(device.account) || this.#rolledBack.has(device.device)) return undefined;
    const known = this.#known.get(device.device) ?? (await this.#stored(device));
    if (known) this.#remember(device.device, known);
    return known;
  }

  async #stored({ device, signKey }: MailDevice): Promise<MailboxKey | undefined> {
    const rows = await this.#options.store.mailKeys([device]).catch(() => []);
    const row = rows.find((one) => one.device === device);
    // What was fetched meanwhile is newer.
    return this.#known.get(device) ?? (row && verifyMailboxKey(row.key, device, signKey));
  }

  #remember(device: DeviceId, key: MailboxKey): void {
    this.#known.delete(device);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= MAIL_KEYS_CACHED_MAX) this.#known.delete(oldest);
    this.#known.set(device, key);
  }

  #isMissing(device: DeviceId): boolean {
    const at = this.#missing.get(device);
    return at !== undefined && this.#options.clock.now() < after(at, NO_MAIL_KEY_MS);
  }

  /** One question for an account at a time; who finds one under way shares its answer, unless that may be too old. */
  async #ask(account: AccountNumber): Promise<Result<void, RequestError>> {
    for (let underWay = this.#asking.get(account); underWay; underWay = this.#asking.get(account)) {
      const answer = await underWay;
      if (!this.#stale.has(account)) return answer;
    }
    const wasStale = this.#stale.delete(account);
    const asked = this.#fetch(account).finally(() => this.#asking.delete(account));
    this.#asking.set(account, asked);
    const answer = await asked;
    if (!answer.ok && wasStale) this.#stale.add(account);
    return answer;
  }

  async #fetch(account: AccountNumber): Promise<Result<void, RequestError>> {
    const { request, devices, store, log } = this.#options;
    const answer = await request({ type: 'mail-keys-get', account });
    if (!answer.ok) return answer;
    if (answer.value.type !== 'mail-keys' || answer.value.account !== account) return err({ kind: 'timed-out' });
    const shown = new Map(answer.value.entries.map(({ device, key }) => [device, key]));
    const verified: { readonly device: DeviceId; readonly key: Uint8Array }[] = [];
    const theirs = devices.devicesOf(account);
    const seen = await Promise.all(theirs.map((one) => this.#stored(one)));
    for (const [index, { device, signKey }] of theirs.entries()) {
      const blob = shown.get(device);
      const key = blob && verifyMailboxKey(blob, device, signKey);
      if (blob && !key) log.warn({ device }, 'the server showed a mailbox key that this device has not signed');
      this.#known.delete(device);
      if (!blob || !key) continue;
      // Its owner left that chain, perhaps because it was stolen; the key that was seen stays in the store.
      if (key.generation < (seen[index]?.generation ?? 0)) {
        log.warn({ device }, 'the server showed a mailbox key of an older chain');
        this.#rolledBack.add(device);
        continue;
      }
      this.#rolledBack.delete(device);
      this.#remember(device, key);
      verified.push({ device, key: Uint8Array.from(blob) });
    }
    if (verified.length > 0) inBackground(log, 'mailbox keys could not be stored', store.saveMailKeys(verified));
    return ok(undefined);
  }
}
