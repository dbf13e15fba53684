import type { FrameOf } from '@magpie/common/frames/frame.ts';
import type { MailEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId, RequestId } from '@magpie/common/ids.ts';
import { MAIL_PAGE_MAX } from '@magpie/common/limits.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Clock, WallMs } from '@magpie/common/time.ts';
import type { Directory, LiveSession } from '../bus/directory.ts';
import { fenceOf } from '../bus/fence-of.ts';
import {
  MAIL_BUSY_RETRY_MS,
  MAIL_PAGE_BYTES,
  MAIL_SLOTS_PER_FRIEND_DEVICE,
  MAIL_SLOTS_PER_OWN_DEVICE,
  RATE_BUCKETS,
  type ServerLimits,
} from '../limits.ts';
import { RateTable } from '../rate-budget.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { MailLeft, MailQuota, Store, StoredMail } from '../store/store.ts';
import { MailAcks } from './mail-acks.ts';
import { MailBudget } from './mail-budget.ts';
import { MailOutlet } from './mail-outlet.ts';
import { MailPositions } from './mail-positions.ts';
import { MailSweep } from './mail-sweep.ts';
import { type DeviceMailKey, MailboxKeys } from './mailbox-keys.ts';

const MINUTE_SECONDS = 60;
const DAY_MS = 86_400_000;

export type MailStore = Pick<
  Store,
  | ('reserveMailPositions' | 'appendMail' | 'mailAfter' | 'ackMail' | 'setMailKey' | 'mailKeys' | 'expireMail')
  | ('mailboxId' | 'areFriends')
>;

export interface MailboxPorts {
  readonly store: MailStore;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
}

/** A mail that the store has not answered for. */
interface UnderWay {
  readonly by: LiveSession;
  readonly mail: MailEntry;
}

/**
 * The logs of sealed envelopes, one for each device (R8, R15, R18). A mail gets its position and goes to a session of its
 * device that has read its log to the end in the same turn, while the disk still works; its sender hears `stored` once it
 * is durable. Who may put what is decided by the store, in the transaction that keeps it; but nothing is pushed, nor holds
 * up a reader, of anybody whom the directory does not know as a friend.
 */
export class Mailbox {
  readonly #ports: MailboxPorts;
  readonly #positions: MailPositions;
  readonly #acks: MailAcks;
  readonly #keys: MailboxKeys;
  readonly #sweep: MailSweep;
  readonly #putBudgets: RateTable;
  readonly #readBudgets: RateTable;
  readonly #quota: MailQuota;
  readonly #livesMs: number;
  readonly #queuedBytesMax: number;
  readonly #outlets = new WeakMap<LiveSession, MailOutlet>();
  /** Mails that the store has not answered for, by their device, in the order of positions. */
  readonly #underWay = new Map<DeviceId, Set<UnderWay>>();
  readonly #budget = new MailBudget();
  #id: Uint8Array | undefined;
  #puts = 0;
  #pushes = 0;
  #refused = 0;

  constructor(ports: MailboxPorts, limits: ServerLimits) {
    const { store, random } = ports;
    this.#ports = ports;
    this.#positions = new MailPositions(ports);
    this.#acks = new MailAcks(store);
    this.#keys = new MailboxKeys(ports, limits);
    this.#sweep = new MailSweep(ports);
    const { mailPutsPerMinute, mailReadsPerMinute } = limits;
    this.#putBudgets = new RateTable(mailPutsPerMinute / MINUTE_SECONDS, mailPutsPerMinute, RATE_BUCKETS, random);
    this.#readBudgets = new RateTable(mailReadsPerMinute / MINUTE_SECONDS, mailReadsPerMinute, RATE_BUCKETS, random);
    this.#livesMs = limits.mailDays * DAY_MS;
    this.#queuedBytesMax = limits.writeQueueSoftBytes;
    this.#quota = {
      messagesPerDevice: limits.mailMessagesPerDevice,
      bytesPerDevice: limits.mailBytesPerDevice,
      messagesPerSender: limits.mailMessagesPerSender,
      bytesPerSender: limits.mailBytesPerSender,
      slotsPerFriendDevice: MAIL_SLOTS_PER_FRIEND_DEVICE,
      slotsPerOwnDevice: MAIL_SLOTS_PER_OWN_DEVICE,
    };
  }

  /** Mails that were stored, were pushed, and were not taken, since the start. */
  get counts(): { readonly puts: number; readonly pushes: number; readonly refused: number } {
    return { puts: this.#puts, pushes: this.#pushes, refused: this.#refused };
  }

  start(): void {
    this.#positions.start();
    this.#sweep.start();
  }

  /** Twice is safe; what is under way ends by itself. */
  stop(): void {
    this.#positions.stop();
    this.#sweep.stop();
  }

  /** Of these logs, 8 bytes: another one says that they were restored (SV122). Rejects when the store fails. */
  async id(): Promise<Uint8Array> {
    this.#id ??= await this.#ports.store.mailboxId();
    return this.#id;
  }

  /** @returns when it expires. Two puts of one session go into the log in the order of the calls. Rejects when the store fails. */
  async put(by: LiveSession, request: FrameOf<'mail-put'>): Promise<Result<WallMs, Refusal>> {
    const put = await this.#put(by, request);
    if (put.ok) this.#puts += 1;
    else this.#refused += 1;
    return put;
  }

  /**
   * Sends a page of the session's own log, once the client takes what is on its way to it already. One call at a time.
   * Rejects when the store fails; the client asks again then.
   */
  async sendPage(to: LiveSession, requestId: RequestId, after: number): Promise<Refusal | undefined> {
    const { store, clock } = this.#ports;
    const refused = this.#spendRead(to);
    if (refused) return refused;
    while (to.wire.open && to.wire.queuedBytes > this.#queuedBytesMax) await to.wire.whenTaken();
    if (!to.wire.open) return undefined;
    const outlet = this.#outletOf(to);
    const underWay = [...(this.#underWay.get(to.device) ?? [])];
    const wanted = underWay.filter(({ by, mail }) => mail.position > after && mayPut(by, to));
    outlet.beginPage(wanted.map(({ mail }) => mail));
    try {
      const page = await store.mailAfter(to.device, after, clock.wallNow(), MAIL_PAGE_MAX, MAIL_PAGE_BYTES);
      const pushesBefore = outlet.pushes;
      outlet.endPage(requestId, { entries: page.entries.map(entryOf), last: page.last });
      this.#pushes += outlet.pushes - pushesBefore;
    } catch (error) {
      outlet.dropPage();
      throw error;
    }
    return undefined;
  }

  /**
   * Forgets what is durable at the client; never what it was not sent, whatever it says. Of an invisible device nothing is
   * taken: room in its log would tell its friends that it is here (R23). Rejects when the store fails.
   */
  async ack(by: LiveSession, upTo: number): Promise<Result<MailLeft, Refusal>> {
    if (by.status === 'offline') return err(refusal('out-of-state', 'invisible'));
    const acked = await this.#acks.ack(by, Math.min(upTo, this.#outletOf(by).sentUpTo));
    return acked.ok ? acked : err(refusal(acked.error));
  }

  setKey(by: LiveSession, { generation, step, key }: FrameOf<'mail-key-set'>): Promise<Result<void, Refusal>> {
    return this.#keys.set(by, { generation, step }, key);
  }

  async keysOf(by: LiveSession, account: AccountNumber): Promise<Result<readonly DeviceMailKey[], Refusal>> {
    const refused = this.#spendRead(by);
    return refused ? err(refused) : this.#keys.of(by, account);
  }

  async #put(by: LiveSession, request: FrameOf<'mail-put'>): Promise<Result<WallMs, Refusal>> {
    const waitMs = this.#putBudgets.take(by.account.number, this.#ports.clock.now());
    if (waitMs > 0) return err(refusal('rate-limited', 'mails', waitMs));
    if (request.to === by.device) return err(refusal('not-friends'));
    const { number: account } = by.account;
    const { length: bytes } = request.envelope;
    if (!this.#budget.take(account, bytes)) return err(refusal('busy', 'mails', MAIL_BUSY_RETRY_MS));
    try {
      const to = this.#ports.directory.session(request.to);
      if (to && !mayPut(by, to)) return err(await this.#refusalOf(by, to));
      return await this.#positions.take((position) => this.#append(by, request, position));
    } finally {
      this.#budget.giveBack(account, bytes);
    }
  }

  /**
   * The directory knows of no friendship with a device that is here. Where it is only late, the mail must not be in the log
   * before it may be pushed: whoever acknowledges what comes behind it would never have had it.
   */
  async #refusalOf(by: LiveSession, to: LiveSession): Promise<Refusal> {
    const areFriends = await this.#ports.store.areFriends(by.account.number, to.account.number);
    return areFriends ? refusal('busy', 'friend list is changing', MAIL_BUSY_RETRY_MS) : refusal('not-friends');
  }

  /** Up to its first `await` this is one turn: pushes and appends of one device are in the order of their positions. */
  async #append(by: LiveSession, request: FrameOf<'mail-put'>, position: number): Promise<Result<WallMs, Refusal>> {
    const { store, clock, directory } = this.#ports;
    if (directory.session(by.device) !== by) return err(refusal('stale-epoch'));
    const { to, id, kind, generation, step, envelope } = request;
    const at = clock.wallNow();
    const expiresAt = (at + this.#livesMs) as WallMs;
    const fromAccount = by.account.number;
    const mail: MailEntry = { position, fromAccount, from: by.device, atWallMs: at, envelope };
    this.#offer(by, to, mail);
    const waiting = this.#underWay.get(to) ?? new Set();
    const underWay: UnderWay = { by, mail };
    this.#underWay.set(to, waiting.add(underWay));
    try {
      const newMail = { position, to, id, kind, generation, step, at, expiresAt, envelope };
      const appended = await store.appendMail(fenceOf(by), newMail, this.#quota);
      return appended.ok ? ok(expiresAt) : err(refusal(appended.error));
    } finally {
      waiting.delete(underWay);
      if (waiting.size === 0 && this.#underWay.get(to) === waiting) this.#underWay.delete(to);
    }
  }

  /** Invisible or not: what a friend sends arrives, and nobody is told (R23). */
  #offer(by: LiveSession, to: DeviceId, mail: MailEntry): void {
    const session = this.#ports.directory.session(to);
    if (!session || !mayPut(by, session)) return;
    const outlet = this.#outletOf(session);
    const pushesBefore = outlet.pushes;
    outlet.offer(mail);
    this.#pushes += outlet.pushes - pushesBefore;
  }

  #spendRead(by: LiveSession): Refusal | undefined {
    const waitMs = this.#readBudgets.take(by.account.number, this.#ports.clock.now());
    return waitMs > 0 ? refusal('rate-limited', 'pages of mail', waitMs) : undefined;
  }

  #outletOf(session: LiveSession): MailOutlet {
    const known = this.#outlets.get(session);
    if (known) return known;
    const outlet = new MailOutlet(session.wire, this.#queuedBytesMax);
    this.#outlets.set(session, outlet);
    return outlet;
  }
}

function mayPut(by: LiveSession, to: LiveSession): boolean {
  return to.account === by.account || by.account.friends.has(to.account.number);
}

function entryOf({ position, fromAccount, from, at, envelope }: StoredMail): MailEntry {
  return { position, fromAccount, from, atWallMs: at, envelope };
}
