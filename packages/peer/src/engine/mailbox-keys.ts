import {
  deviceIdOf,
  equalBytes,
  exchangeKeyPairOf,
  type KeyPair,
  signingKeyPairOf,
} from '@magpie/common/channel/keys.ts';
import {
  isNewerKey,
  MAILBOX_STEP_MAX,
  type MailboxKey,
  type MailboxKeyId,
  type MailboxKeyPair,
  mailboxKeyPairOf,
  signMailboxKey,
  verifyMailboxKey,
} from '@magpie/common/channel/mailbox-key.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Result } from '@magpie/common/result.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import type { Answer, Request, RequestError } from '../server-link/server-connection.ts';
import type { Identity } from './identity.ts';
import { MAILBOX_KEY_RETRY_MS_MAX, MAILBOX_KEY_RETRY_MS_MIN, MAILBOX_PAIRS_MAX, MAILBOX_STEP_MS } from './limits.ts';
import { currentChain, keyIdOf, linkOf, withNewChain, withoutSpent, withPublished } from './mailbox-chains.ts';
import type { MailboxChain, MailboxKeyKeeper, MailboxLinks } from './mailbox-key-keeper.ts';

export interface MailboxKeysOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
  readonly keeper: MailboxKeyKeeper;
  readonly identity: Pick<Identity, 'exchangeSecret' | 'signSeed'>;
  readonly account: () => AccountNumber | undefined;
  /** Server time: weeks are counted by it (R9). */
  readonly wallNow: () => number;
  /** False while friends must not notice that this device has a link (R23). */
  readonly mayPublish: () => boolean;
  readonly request: (request: Request) => Promise<Result<Answer, RequestError>>;
}

/** What the server says of the own log after an acknowledgement (`mail-acked`). */
export interface MailLeft extends MailboxKeyId {
  readonly left: number;
}

/**
 * The own chain of mailbox keys (R9): begun at the first login, one step a week, a new chain when an own device was
 * revoked or another copy of this profile has begun one. Whatever is published or forgotten is saved before.
 */
export class MailboxKeys {
  readonly #options: MailboxKeysOptions;
  readonly #device: DeviceId;
  readonly #signing: KeyPair;
  #links: MailboxLinks = { chains: [] };
  /** The key that the server is known to have, ours or of another copy of this profile. */
  #shown: MailboxKeyId | undefined;
  /** The oldest key that mail may wait for, as of the last acknowledgement. */
  #needed: MailboxKeyId | undefined;
  /** Newest last. */
  readonly #pairs = new Map<string, MailboxKeyPair>();
  #renewalDue = false;
  #up = false;
  #stopped = false;
  #timer: Timer | undefined;
  #retryMs = MAILBOX_KEY_RETRY_MS_MIN;
  /** One change after the other. */
  #lastTurn: Promise<unknown> = Promise.resolve();

  constructor(options: MailboxKeysOptions) {
    this.#options = options;
    this.#signing = signingKeyPairOf(options.identity.signSeed);
    this.#device = deviceIdOf(exchangeKeyPairOf(options.identity.exchangeSecret).publicKey, this.#signing.publicKey);
  }

  /** Before anything else. Rejects when the links are there and cannot be read. */
  async load(): Promise<void> {
    const links = await this.#options.keeper.load();
    // In arrays of their own, which are wiped when a link is forgotten.
    const chains = links?.chains.map((chain) => ({ ...chain, oldestSecret: Uint8Array.from(chain.oldestSecret) }));
    this.#links = { chains: chains ?? [] };
  }

  /** What opens an envelope for this key; undefined: that link is gone, or was never here. */
  pairOf(id: MailboxKeyId): MailboxKeyPair | undefined {
    const name = `${id.generation}.${id.step}`;
    const known = this.#pairs.get(name);
    if (known) return known;
    const link = linkOf(this.#links, id);
    if (!link) return undefined;
    const pair = mailboxKeyPairOf(link);
    const [oldest] = this.#pairs.keys();
    if (oldest !== undefined && this.#pairs.size >= MAILBOX_PAIRS_MAX) this.#pairs.delete(oldest);
    this.#pairs.set(name, pair);
    return pair;
  }

  /** Logged in, and server time is known. */
  handleLinkUp(): void {
    this.#up = true;
    this.#retryMs = MAILBOX_KEY_RETRY_MS_MIN;
    this.#background(() => this.#sync());
  }

  handleLinkDown(): void {
    this.#up = false;
    this.#timer?.cancel();
  }

  /** What was not published while invisible may be now. */
  handleVisible(): void {
    this.#background(() => this.#sync());
  }

  handleAcked({ left, generation, step }: MailLeft): void {
    this.#needed = left > 0 ? { generation, step } : this.#shown;
    this.#background(() => this.#forgetSpent());
  }

  /**
   * Begins a new chain: whoever has a link of the old one, as a device that was revoked or stolen may, opens nothing that
   * is sealed from now on. Saved when it resolves, published as soon as may be. Rejects when it cannot be saved; it is
   * then tried again until it can be, while this process runs.
   */
  renew(): Promise<void> {
    this.#renewalDue = true;
    const renewed = this.#inTurn(() => this.#renewIfDue());
    this.#background(() => this.#sync());
    return renewed;
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #renewIfDue(): Promise<void> {
    const current = currentChain(this.#links);
    if (this.#renewalDue && current) await this.#saveNewChain(current.generation + 1);
    this.#renewalDue = false;
  }

  /** Compares what the server shows with what is here, and makes them the same. */
  async #sync(): Promise<void> {
    const account = this.#options.account();
    if (!this.#up || account === undefined) return;
    await this.#renewIfDue();
    const answer = await this.#options.request({ type: 'mail-keys-get', account });
    if (!answer.ok) return this.#retry(answer.error);
    if (answer.value.type !== 'mail-keys') return;
    const entry = answer.value.entries.find(({ device }) => device === this.#device);
    const shown = entry && verifyMailboxKey(entry.key, this.#device, this.#signing.publicKey);
    this.#shown = shown && { generation: shown.generation, step: shown.step };
    await this.#agree(shown);
    this.#armStep();
  }

  async #agree(shown: MailboxKey | undefined): Promise<void> {
    const current = currentChain(this.#links);
    if (!current || (shown && shown.generation > current.generation)) {
      // Another copy of this profile has begun a chain that is not here: its links are out of our reach.
      await this.#saveNewChain(Math.max(current?.generation ?? 0, shown?.generation ?? 0) + 1);
      return this.#publish();
    }
    if (!shown || isNewerKey(keyIdOf(current), shown)) return this.#publish();
    if (!this.#isOurs(shown)) {
      await this.#saveNewChain(current.generation + 1);
      return this.#publish();
    }
    const now = this.#options.wallNow();
    // This copy is older than what is published, or the server's clock has gone back: weeks count from now.
    if (shown.step > current.publishedStep || current.publishedAtMs > now) {
      await this.#save(withPublished(this.#links, shown.step, now));
    }
    await this.#forgetSpent();
  }

  #isOurs(shown: MailboxKey): boolean {
    const pair = this.pairOf(shown);
    return (
      pair !== undefined &&
      equalBytes(pair.exchange.publicKey, shown.exchangeKey) &&
      equalBytes(pair.kem.publicKey, shown.kemKey)
    );
  }

  async #saveNewChain(generation: number): Promise<void> {
    await this.#save(withNewChain(this.#links, generation, this.#options.wallNow(), this.#options.random));
  }

  /** Puts the newest key to the server. The time of it is saved first: links are kept by it. */
  async #publish(): Promise<void> {
    const chain = currentChain(this.#links);
    if (!this.#up || !chain || !this.#options.mayPublish()) return;
    const id = keyIdOf(chain);
    const now = this.#options.wallNow();
    if (chain.publishedAtMs !== now) await this.#save(withPublished(this.#links, id.step, now));
    const pair = this.pairOf(id);
    if (!pair) return;
    const key = signMailboxKey(id, pair, this.#device, this.#signing.secretKey);
    const answer = await this.#options.request({ type: 'mail-key-set', ...id, key });
    if (!answer.ok) return this.#retry(answer.error);
    this.#retryMs = MAILBOX_KEY_RETRY_MS_MIN;
    this.#shown = id;
    this.#options.log.debug(id, 'mailbox key published');
    await this.#forgetSpent();
    this.#armStep();
  }

  #armStep(): void {
    const chain = currentChain(this.#links);
    if (!chain || !this.#isShown(chain) || !this.#options.mayPublish()) return;
    const dueInMs = chain.publishedAtMs + MAILBOX_STEP_MS - this.#options.wallNow();
    this.#arm(Math.max(0, dueInMs), () => this.#step());
  }

  async #step(): Promise<void> {
    const chain = currentChain(this.#links);
    const now = this.#options.wallNow();
    if (!this.#up || !chain || !this.#isShown(chain) || !this.#options.mayPublish()) return;
    if (now < chain.publishedAtMs + MAILBOX_STEP_MS) return this.#armStep();
    if (chain.publishedStep >= MAILBOX_STEP_MAX) await this.#saveNewChain(chain.generation + 1);
    else await this.#save(withPublished(this.#links, chain.publishedStep + 1, now));
    await this.#publish();
  }

  #isShown(chain: MailboxChain): boolean {
    const id = keyIdOf(chain);
    return this.#shown?.generation === id.generation && this.#shown.step === id.step;
  }

  async #forgetSpent(): Promise<void> {
    const chain = currentChain(this.#links);
    if (!chain || !this.#needed || !this.#isShown(chain)) return;
    const before = this.#links;
    const left = withoutSpent(before, this.#needed, this.#options.wallNow());
    const spent = before.chains.filter((one) => !left.chains.includes(one));
    if (spent.length === 0) return;
    await this.#save(left);
    this.#pairs.clear();
    for (const { oldestSecret } of spent) oldestSecret.fill(0);
  }

  async #save(links: MailboxLinks): Promise<void> {
    await this.#options.keeper.save(links);
    this.#links = links;
  }

  #retry(error: RequestError): void {
    // With the next link all begins anew.
    if (error.kind === 'lost') return;
    const code = error.kind === 'refused' ? error.code : error.kind;
    this.#options.log.warn({ code }, 'the mailbox key could not be published');
    this.#syncLater();
  }

  #syncLater(): void {
    this.#arm(this.#retryMs, () => this.#sync());
    this.#retryMs = Math.min(this.#retryMs * 2, MAILBOX_KEY_RETRY_MS_MAX);
  }

  #arm(ms: number, work: () => Promise<void>): void {
    const { clock } = this.#options;
    this.#timer?.cancel();
    if (this.#stopped || !this.#up) return;
    this.#timer = clock.setTimer(after(clock.now(), ms), () => this.#background(work));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#lastTurn.then(work);
    this.#lastTurn = result.catch(() => undefined);
    return result;
  }

  #background(work: () => Promise<void>): void {
    this.#inTurn(work).catch((cause: { readonly code?: string }) => {
      this.#options.log.error({ code: cause.code ?? 'unknown' }, 'mailbox keys could not be saved');
      this.#syncLater();
    });
  }
}
