import { decodeContent } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, MessageId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import type { MessageRoad, PeerStore, StoredMessage } from '../store/store.ts';
import { inBackground } from './background.ts';
import type { ControlContents, Correspondent, IncomingContent, IncomingContents } from './delivery-ports.ts';
import { FriendLane } from './friend-lane.ts';
import { MAIL_LATER_MS_MAX, MAIL_LATER_MS_MIN, TAILS_MAX } from './limits.ts';
import type { MailSender } from './mail-sender.ts';
import type { OwnCopiesOut } from './own-copies-out.ts';
import { Pursuit } from './pursuit.ts';
import type { ReceiptRoad } from './receipt-road.ts';
import type { Resends } from './resends.ts';
import type { Typing } from './typing.ts';
import type { Unsent } from './unsent.ts';

export interface DeliveryOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: PeerStore;
  readonly unsent: Unsent;
  readonly mailSender: MailSender;
  readonly receipts: ReceiptRoad;
  readonly copies: OwnCopiesOut;
  readonly typing: Typing;
  readonly resends: Resends;
  readonly control: ControlContents;
  readonly intake: IncomingContents;
  /** Friend devices of an account to which messages go now; none while the key is in doubt. */
  readonly devicesOf: (account: AccountNumber) => readonly DeviceId[];
  readonly isFriend: (account: AccountNumber) => boolean;
  readonly accountOf: (device: DeviceId) => AccountNumber | undefined;
  /** No handshake may show that this device has a link (R23). */
  readonly invisible: () => boolean;
  readonly ensureSession: (device: DeviceId) => void;
  readonly openStream: (device: DeviceId, bytes: Uint8Array) => number | undefined;
  readonly roadOf: (device: DeviceId) => MessageRoad | undefined;
  readonly ptoMs: (device: DeviceId) => number | undefined;
  readonly closeSession: (device: DeviceId) => void;
  /** The device is there (again), or said something: whoever has a question for it asks now. */
  readonly onReachable: (device: DeviceId) => void;
  /** Something of the device is missing here, or of ours that it has. */
  readonly isLacking: (device: DeviceId) => boolean;
  /** Something goes to this friend, by whatever road. */
  readonly onSent: (account: AccountNumber) => void;
  readonly onMessages: (changed: readonly StoredMessage[]) => void;
}

/**
 * What goes out (D5): joins the store with the sessions and the mailboxes. What the store holds as undelivered goes on the
 * session of each friend device, and where none brings it there, into its mailbox; what comes in is handed on, and only
 * what was committed is acknowledged. Holds no state that a crash could lose.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #lanes = new Map<DeviceId, FriendLane>();
  readonly #pursuit: Pursuit;
  #again: Timer | undefined;
  #stopped = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { clock, accountOf, invisible, ensureSession } = options;
    const wanted = (device: DeviceId) => !this.#lanes.has(device) && accountOf(device) !== undefined && !invisible();
    this.#pursuit = new Pursuit({ clock, wanted, ensureSession });
  }

  /** The session with the device, for those who have something to say on it. */
  lane(device: DeviceId): FriendLane | undefined {
    return this.#lanes.get(device);
  }

  /** A new message is about to be committed to the outbox. */
  handleNew(id: MessageId): void {
    this.#options.unsent.add(id);
  }

  /** A message was committed to the outbox: on its way at once, by a session or by the mailbox. */
  handleCommitted(message: StoredMessage): void {
    const { isFriend, devicesOf, mailSender, copies, typing, onSent, log } = this.#options;
    const { chat } = message;
    copies.handleCommitted();
    if (!isFriend(chat)) {
      // The friendship ended while the message was being stored.
      inBackground(log, 'a refusal could not be stored', this.handleRemoved(chat));
      return;
    }
    typing.handleSent(chat);
    onSent(chat);
    for (const device of devicesOf(chat)) {
      const lane = this.#lanes.get(device);
      if (lane) lane.handleCommitted(message);
      if (!lane || lane.stalled) mailSender.handleCommitted(message, device);
      if (!lane) this.#pursue(device);
    }
  }

  /**
   * Cancels a message of which it is certain that it never left; meanwhile it leaves by no road, and then as a void.
   * @returns undefined, and nothing changed, when it may have left or is not queued any more
   */
  async cancel(id: MessageId): Promise<StoredMessage | undefined> {
    const { unsent, store, mailSender, copies, devicesOf } = this.#options;
    if (!unsent.hold(id)) return undefined;
    let cancelled: StoredMessage | undefined;
    try {
      cancelled = await store.cancel(id);
    } finally {
      unsent.release(id, cancelled !== undefined);
      const chat = cancelled?.chat ?? (await store.message(id))?.chat;
      if (chat !== undefined) mailSender.handleChanged(chat);
      // Own devices that show it drop it (R19).
      if (cancelled) copies.handleCommitted();
      for (const device of chat === undefined ? [] : devicesOf(chat)) {
        if (cancelled) this.#lanes.get(device)?.handleVoid(cancelled);
        else this.#lanes.get(device)?.pump();
        mailSender.kick(device);
      }
    }
    return cancelled;
  }

  handleSessionUp(device: DeviceId): void {
    const { clock, store, unsent, openStream, roadOf, ptoMs, receipts, mailSender } = this.#options;
    const account = this.#options.accountOf(device);
    if (account === undefined || this.#stopped) return;
    this.#pursuit.end(device);
    const to: Correspondent = { account, device };
    const lane: FriendLane = new FriendLane({
      clock,
      store,
      unsent,
      to,
      openStream,
      roadOf,
      ptoMs,
      close: () => this.#options.closeSession(device),
      work: (what, work) => this.#work(lane, what, work),
      onStalled: () => mailSender.kick(device),
      onProgress: () => this.#pursuit.handleProgress(device),
    });
    this.#lanes.get(device)?.end();
    this.#lanes.set(device, lane);
    const begun = this.#meetDevices(account).then(() => (this.#alive(lane) ? lane.begin(TAILS_MAX) : undefined));
    this.#work(lane, 'the outbox could not be read', begun);
    receipts.handleSessionUp(to);
    this.#options.onReachable(device);
  }

  /**
   * The store has numbered anew what waits (R17): what every outbox holds is void, and so is what is under way. A copy
   * with the old number that came last would move the friend's row back to it, so the streams end with their session.
   */
  handleRenumbered(): void {
    for (const device of [...this.#lanes.keys()]) this.#options.closeSession(device);
    this.#options.mailSender.handleRenumbered();
  }

  handleSessionDown(device: DeviceId): void {
    const lane = this.#lanes.get(device);
    if (!lane) return;
    lane.end();
    this.#lanes.delete(device);
    if (this.#stopped) return;
    this.#options.receipts.handleSessionDown(device);
    this.#options.mailSender.kick(device);
    void this.#reconnectIfOwed(device);
  }

  /** A handshake failed: while messages wait, another follows, at growing distances. */
  handleHandshakeFailed(device: DeviceId): void {
    void this.#reconnectIfOwed(device);
  }

  /** The friend's device has just come (back): no reason to wait for the next retry. */
  async handleDeviceOnline(device: DeviceId): Promise<void> {
    this.#pursuit.end(device);
    this.#pursuit.handleProgress(device);
    this.#options.mailSender.handleNews(device);
    const { accountOf, isLacking, onReachable, ensureSession } = this.#options;
    const account = accountOf(device);
    onReachable(device);
    if (this.#lanes.has(device) || account === undefined) return;
    if (isLacking(device)) ensureSession(device);
    const owed = await this.#lacksMessages(account, device);
    if (!owed || this.#lanes.has(device)) return;
    this.#pursue(device);
    this.#options.mailSender.kick(device);
  }

  /** There is a link again: whoever is owed something gets it, and who is no friend any more, nothing. Never rejects. */
  async handleLinkUp(): Promise<void> {
    const { receipts, mailSender, copies, log } = this.#options;
    receipts.handleLinkUp();
    await this.#reachAll();
    // Nobody waits for mailboxes: the link is up, and what comes by it is worked in beside them.
    inBackground(log, 'copies for own devices could not be put', copies.handleDevices());
    inBackground(log, 'waiting messages could not be read', mailSender.handleLinkUp());
  }

  handleLinkDown(): void {
    this.#again?.cancel();
    this.#options.mailSender.handleLinkDown();
    this.#options.receipts.handleLinkDown();
  }

  /** Where the store fails, as on a full disk, it is asked again after 1 s, doubling to 60 s. */
  async #reachAll(waitMs = MAIL_LATER_MS_MIN): Promise<void> {
    const { store, isFriend, clock, log } = this.#options;
    this.#again?.cancel();
    try {
      for (const account of await store.chatsWithUndelivered()) {
        if (isFriend(account)) await this.#meetDevices(account);
        else await this.handleRemoved(account);
      }
      for (const { device } of await store.devicesBehind()) await this.handleDeviceOnline(device);
    } catch (cause) {
      log.error({ code: (cause as { code?: string }).code ?? 'unknown' }, 'the outbox could not be read');
      if (this.#stopped) return;
      this.#again?.cancel();
      this.#again = clock.setTimer(after(clock.now(), waitMs), () => {
        void this.#reachAll(Math.min(2 * waitMs, MAIL_LATER_MS_MAX));
      });
    }
  }

  handleStream(device: DeviceId, bytes: Uint8Array, road: MessageRoad): void {
    const lane = this.#lanes.get(device);
    if (!lane) return;
    const decoded = decodeContent(bytes);
    if (!decoded.ok) {
      // A newer version's content is no offence; it is not acknowledged, so its sender keeps it.
      this.#options.log.debug({ error: decoded.error.kind }, 'content not understood');
      return;
    }
    const content = decoded.value;
    switch (content.type) {
      case 'text':
      case 'void':
      case 'edit':
      case 'recall':
      case 'reaction':
      case 'nudge':
      case 'unsupported':
      case 'opening':
      case 'tail':
      case 'given-back':
        return this.#accept(lane, content, road);
      case 'receipt':
      case 'refused-content':
      case 'cannot-open':
      case 'resend':
      case 'give-back': {
        const handled = this.#options.control.handleControl(lane.to, content);
        return this.#work(lane, `a ${content.type} could not be stored`, handled);
      }
      case 'typing':
        return this.#options.typing.handleContent(lane.to.account, content.active);
      case 'copy':
      case 'copy-receipt':
        // Of own devices only, and by the mailbox (R19).
        return;
    }
  }

  handleStreamAcked(device: DeviceId, stream: number, road: MessageRoad): void {
    this.#lanes.get(device)?.handleStreamAcked(stream, road);
  }

  /** The user has read: tell the sender what of each of its numberings was read. */
  async handleRead(account: AccountNumber): Promise<void> {
    for (const device of this.#options.devicesOf(account)) this.#options.receipts.oweReceipts({ account, device });
  }

  /** A friend, perhaps again or with other devices: what waits for them goes out. */
  handleFriend(account: AccountNumber): void {
    const { devicesOf, mailSender, receipts, log } = this.#options;
    const reachAll = async (): Promise<void> => {
      await this.#meetDevices(account);
      mailSender.handleDevices(devicesOf(account));
      for (const device of devicesOf(account)) {
        await this.handleDeviceOnline(device);
        mailSender.kick(device);
      }
      receipts.handleLinkUp();
    };
    inBackground(log, 'the outbox could not be read', reachAll());
  }

  /** No friend any more: what never left is refused for good (R15); the friend may have the rest, so it waits (R14). */
  async handleRemoved(account: AccountNumber): Promise<void> {
    const { store, unsent, mailSender, onMessages } = this.#options;
    mailSender.handleChanged(account);
    const changed = await store.refuseUndelivered(account, unsent.all());
    for (const { id, state } of changed) if (state === 'refused') unsent.remove(id);
    if (changed.length > 0) onMessages(changed);
  }

  stop(): void {
    this.#stopped = true;
    for (const lane of this.#lanes.values()) lane.end();
    this.#lanes.clear();
    this.#pursuit.stop();
    this.#again?.cancel();
    this.#options.mailSender.stop();
    this.#options.receipts.stop();
    this.#options.copies.stop();
    this.#options.typing.stop();
    this.#options.resends.stop();
  }

  #accept(lane: FriendLane, content: IncomingContent, road: MessageRoad): void {
    // What could not be stored is not acknowledged; a new session brings it again.
    this.#work(lane, 'messages could not be stored', this.#options.intake.accept(lane.to, content, road));
  }

  /** Work of a lane with the store: where that fails, memory and store differ, and a new session begins from the store. */
  #work(lane: FriendLane, what: string, work: Promise<unknown>): void {
    const guarded = work.catch((cause) => {
      if (this.#alive(lane)) this.#options.closeSession(lane.to.device);
      throw cause;
    });
    inBackground(this.#options.log, what, guarded);
  }

  #alive(lane: FriendLane): boolean {
    return this.#lanes.get(lane.to.device) === lane;
  }

  #pursue(device: DeviceId): void {
    if (!this.#options.invisible()) this.#pursuit.begin(device);
  }

  /** None are named while the key is in doubt: that is no reason to forget what they have. */
  async #meetDevices(account: AccountNumber): Promise<void> {
    const devices = this.#options.devicesOf(account);
    const changed = devices.length > 0 ? await this.#options.store.meetDevices(account, devices) : [];
    if (changed.length > 0 && !this.#stopped) this.#options.onMessages(changed);
  }

  async #lacksMessages(account: AccountNumber, device: DeviceId): Promise<boolean> {
    return (await this.#options.store.undeliveredTo(account, device, 1)).length > 0;
  }

  async #reconnectIfOwed(device: DeviceId): Promise<void> {
    const account = this.#options.accountOf(device);
    if (this.#stopped || account === undefined || this.#pursuit.has(device)) return;
    // A store that cannot tell may well owe something.
    const owed = await this.#lacksMessages(account, device).catch(() => true);
    if (owed && !this.#lanes.has(device) && !this.#options.invisible()) this.#pursuit.beginLater(device);
  }
}
