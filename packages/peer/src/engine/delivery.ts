import { type Content, type ContentOf, decodeContent, encodeContent } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, MessageId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import type { Clock, Instant, WallMs } from '@magpie/common/time.ts';
import { Inbox } from '../messaging/inbox.ts';
import { Outbox } from '../messaging/outbox.ts';
import { stampTooFarAhead } from '../messaging/text.ts';
import type { IncomingOutcome, MessageRoad, PeerStore, StoredMessage } from '../store/store.ts';
import { inBackground } from './background.ts';
import { contentOf, type Lane, receipt, sameReceipt } from './delivery-lane.ts';
import { CONTROL_CONTENTS_MAX, NEVER_SENT_MAX, UNDELIVERED_BATCH } from './limits.ts';
import { Pursuit } from './pursuit.ts';

export interface DeliveryOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: PeerStore;
  readonly wallNow: () => WallMs;
  /** Friend devices of an account to which messages go now; none while the key is in doubt. */
  readonly devicesOf: (account: AccountNumber) => readonly DeviceId[];
  readonly isFriend: (account: AccountNumber) => boolean;
  readonly accountOf: (device: DeviceId) => AccountNumber | undefined;
  readonly ensureSession: (device: DeviceId) => void;
  readonly openStream: (device: DeviceId, bytes: Uint8Array) => number | undefined;
  readonly roadOf: (device: DeviceId) => MessageRoad | undefined;
  readonly closeSession: (device: DeviceId) => void;
  readonly handlers: {
    onMessages(messages: readonly StoredMessage[], areNew: boolean): void;
  };
}

/**
 * Joins store, outbox and inbox with the sessions: what the store holds as undelivered goes out on the session of each
 * friend device, what comes in is committed and only then acknowledged (D5). Holds no state that a crash could lose.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #lanes = new Map<DeviceId, Lane>();
  readonly #pursuit: Pursuit;
  /** Devices that do not know yet what was read; in memory only, for a receipt that lags tells no lie. */
  readonly #readOwed = new Set<DeviceId>();
  /** Messages of this run that were on no stream yet: only of these is it certain that no friend has them (R14). */
  readonly #neverSent = new Set<MessageId>();
  #stopped = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    const { clock, accountOf, ensureSession } = options;
    const wanted = (device: DeviceId) => !this.#lanes.has(device) && accountOf(device) !== undefined;
    this.#pursuit = new Pursuit({ clock, wanted, ensureSession });
  }

  /** A new message is about to be committed to the outbox. */
  handleNew(id: MessageId): void {
    if (this.#neverSent.size < NEVER_SENT_MAX) this.#neverSent.add(id);
  }

  /** A message was committed to the outbox: on its way at once where there is a session. */
  handleCommitted(message: StoredMessage): void {
    if (!this.#options.isFriend(message.chat)) {
      // The friendship ended while the message was being stored.
      inBackground(this.#options.log, 'a refusal could not be stored', this.handleRemoved(message.chat));
      return;
    }
    for (const device of this.#options.devicesOf(message.chat)) {
      const lane = this.#lanes.get(device);
      if (!lane) {
        this.#pursuit.begin(device);
      } else if (lane.complete) {
        lane.outbox.enqueue(message);
        this.#pump(lane);
      } else if (lane.loading === 'loading') {
        // What is being read may have missed it; otherwise it is read in its turn.
        lane.loading = 'again';
      }
    }
  }

  handleSessionUp(device: DeviceId): void {
    const account = this.#options.accountOf(device);
    if (account === undefined) return;
    this.#pursuit.end(device);
    const lane: Lane = {
      device,
      account,
      outbox: new Outbox(),
      inbox: new Inbox({ device, chat: account }),
      roads: new Map(),
      messageOfStream: new Map(),
      control: [],
      readStreams: new Set(),
      loading: 'idle',
      complete: false,
      refillBelow: UNDELIVERED_BATCH / 2,
      committing: false,
      timer: undefined,
    };
    this.#lanes.set(device, lane);
    lane.outbox.sessionUp(this.#options.clock.now());
    this.#work(lane, 'the outbox could not be read', this.#begin(lane));
    this.#work(lane, 'receipts could not be read', this.#sendKnownReceipts(lane));
  }

  /**
   * The store has numbered anew what waits (R17): what every outbox holds is void, and so is what is under way. A copy
   * with the old number that came last would move the friend's row back to it, so the streams end with their session.
   */
  handleRenumbered(): void {
    for (const device of [...this.#lanes.keys()]) this.#options.closeSession(device);
  }

  handleSessionDown(device: DeviceId): void {
    const lane = this.#lanes.get(device);
    if (!lane) return;
    lane.timer?.cancel();
    this.#lanes.delete(device);
    void this.#reconnectIfOwed(device);
  }

  /** A handshake failed: while messages wait, another follows, at growing distances. */
  handleHandshakeFailed(device: DeviceId): void {
    void this.#reconnectIfOwed(device);
  }

  /** The friend's device has just come (back): no reason to wait for the next retry. */
  async handleDeviceOnline(device: DeviceId): Promise<void> {
    this.#pursuit.end(device);
    const account = this.#options.accountOf(device);
    if (this.#lanes.has(device) || account === undefined) return;
    const owed = this.#readOwed.has(device) || (await this.#lacksMessages(account, device));
    if (owed && !this.#lanes.has(device)) this.#pursuit.begin(device);
  }

  /** There is a link again: whoever is owed something gets a session, and who is no friend any more, nothing. */
  async handleLinkUp(): Promise<void> {
    for (const device of this.#readOwed) await this.handleDeviceOnline(device);
    for (const account of await this.#options.store.chatsWithUndelivered()) {
      if (this.#options.isFriend(account)) await this.#meetDevices(account);
      else await this.handleRemoved(account);
    }
    for (const { device } of await this.#options.store.devicesBehind()) await this.handleDeviceOnline(device);
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
        if (stampTooFarAhead(content.stamp, this.#options.wallNow())) return this.#refuse(lane, content, 'clock');
        lane.inbox.handleContent(content, road, this.#now());
        return this.#commit(lane);
      case 'receipt':
        return this.#work(lane, 'a receipt could not be stored', this.#handleReceipt(lane, content));
      case 'opening':
        return this.#work(lane, 'an opening could not be stored', this.#handleOpening(lane, content));
      case 'refused-content':
        return this.#work(lane, 'a refusal could not be stored', this.#handleRefusal(lane, content));
    }
  }

  handleStreamAcked(device: DeviceId, stream: number, road: MessageRoad): void {
    const lane = this.#lanes.get(device);
    if (!lane) return;
    const id = lane.messageOfStream.get(stream);
    if (id !== undefined) lane.roads.set(id, road);
    lane.messageOfStream.delete(stream);
    if (lane.readStreams.delete(stream) && lane.readStreams.size === 0) this.#readOwed.delete(device);
    lane.outbox.handleStreamAcked(stream, this.#now());
    this.#pump(lane);
  }

  /** The user has read: tell the sender what of each of its numberings was read. */
  async handleRead(account: AccountNumber): Promise<void> {
    for (const device of this.#options.devicesOf(account)) {
      this.#readOwed.add(device);
      const lane = this.#lanes.get(device);
      if (lane) await this.#sendKnownReceipts(lane);
      // Once: who is away gets it on coming back.
      else this.#options.ensureSession(device);
    }
  }

  /** A friend, perhaps again or with other devices: what waits for them goes out. */
  handleFriend(account: AccountNumber): void {
    const reachAll = async (): Promise<void> => {
      await this.#meetDevices(account);
      for (const device of this.#options.devicesOf(account)) await this.handleDeviceOnline(device);
    };
    inBackground(this.#options.log, 'the outbox could not be read', reachAll());
  }

  /** No friend any more: what never left is refused for good (R15); the friend may have the rest, so it waits (R14). */
  async handleRemoved(account: AccountNumber): Promise<void> {
    const changed = await this.#options.store.refuseUndelivered(account, [...this.#neverSent]);
    for (const { id, state } of changed) if (state === 'refused') this.#neverSent.delete(id);
    if (changed.length > 0) this.#options.handlers.onMessages(changed, false);
  }

  stop(): void {
    this.#stopped = true;
    for (const lane of this.#lanes.values()) lane.timer?.cancel();
    this.#lanes.clear();
    this.#pursuit.stop();
  }

  #now(): Instant {
    return this.#options.clock.now();
  }

  /** Work of a lane with the store: where that fails, memory and store differ, and a new session begins from the store. */
  #work(lane: Lane, what: string, work: Promise<unknown>): void {
    const guarded = work.catch((cause) => {
      if (this.#alive(lane)) this.#options.closeSession(lane.device);
      throw cause;
    });
    inBackground(this.#options.log, what, guarded);
  }

  #alive(lane: Lane): boolean {
    return this.#lanes.get(lane.device) === lane;
  }

  /** From which number on a device gets messages is known before it gets any (DL19). */
  async #begin(lane: Lane): Promise<void> {
    await this.#meetDevices(lane.account);
    const openings = await this.#options.store.openings(lane.account, lane.device);
    for (const opening of openings) this.#sendControl(lane, { type: 'opening', conversation: 0, ...opening });
    if (this.#alive(lane)) this.#load(lane);
  }

  /** None are named while the key is in doubt: that is no reason to forget what they have. */
  async #meetDevices(account: AccountNumber): Promise<void> {
    const devices = this.#options.devicesOf(account);
    if (devices.length > 0) await this.#options.store.meetDevices(account, devices);
  }

  async #lacksMessages(account: AccountNumber, device: DeviceId): Promise<boolean> {
    return (await this.#options.store.undeliveredTo(account, device, 1)).length > 0;
  }

  /** Fills the outbox from the store, oldest first, until everything undelivered is in it or it is well filled. */
  #load(lane: Lane): void {
    if (lane.loading !== 'idle') return;
    lane.loading = 'loading';
    this.#work(lane, 'the outbox could not be read', this.#fill(lane));
  }

  async #fill(lane: Lane): Promise<void> {
    const messages = await this.#options.store.undeliveredTo(lane.account, lane.device, UNDELIVERED_BATCH);
    if (!this.#alive(lane)) return;
    const before = lane.outbox.size;
    for (const message of messages) lane.outbox.enqueue(message);
    const again = lane.loading === 'again';
    const { size } = lane.outbox;
    // With no room for any of it, reading it again is of no use before there is some.
    const full = !again && size === before;
    lane.refillBelow = full ? Math.min(UNDELIVERED_BATCH / 2, Math.ceil(size / 2) || 1) : UNDELIVERED_BATCH / 2;
    lane.loading = 'idle';
    lane.complete = !again && messages.length < UNDELIVERED_BATCH;
    this.#pump(lane);
  }

  #pump(lane: Lane): void {
    if (!this.#alive(lane)) return;
    this.#pumpControl(lane);
    const now = this.#now();
    for (let message = lane.outbox.pollSend(now); message; message = lane.outbox.pollSend(now)) {
      // From here on it may have left, whatever becomes of the stream.
      this.#neverSent.delete(message.id);
      const stream = this.#options.openStream(lane.device, encodeContent(contentOf(message)));
      if (stream === undefined || !this.#alive(lane)) break;
      lane.messageOfStream.set(stream, message.id);
      const road = this.#options.roadOf(lane.device);
      if (road) lane.roads.set(message.id, road);
      lane.outbox.sent(message.id, stream, now);
    }
    // What had no room in the outbox waits in the store.
    if (lane.outbox.pollRefill()) lane.complete = false;
    if (!lane.complete && lane.outbox.size < lane.refillBelow) this.#load(lane);
    this.#arm(lane);
  }

  #pumpControl(lane: Lane): void {
    while (lane.control.length > 0) {
      const content = lane.control[0]!;
      const stream = this.#options.openStream(lane.device, encodeContent(content));
      if (stream === undefined) return;
      lane.control.shift();
      if (content.type !== 'receipt' || content.kind !== 'read') continue;
      lane.readStreams.add(stream);
      this.#readOwed.add(lane.device);
    }
  }

  #sendControl(lane: Lane, content: Content): void {
    if (!this.#alive(lane)) return;
    // Receipts are cumulative: a waiting one of the same numbering is replaced by the newer (R18).
    lane.control = lane.control.filter((waiting) => !sameReceipt(waiting, content));
    if (lane.control.length >= CONTROL_CONTENTS_MAX) return this.#options.closeSession(lane.device);
    lane.control.push(content);
    this.#pumpControl(lane);
  }

  #commit(lane: Lane): void {
    if (lane.committing) return;
    const batch = lane.inbox.pollCommit();
    if (!batch) return;
    lane.committing = true;
    void this.#options.store
      .commitIncoming(batch, this.#options.wallNow())
      .catch((cause: { code?: string }): undefined => {
        this.#options.log.error({ code: cause.code ?? 'unknown' }, 'messages could not be stored');
        return undefined;
      })
      .then((outcomes) => {
        lane.committing = false;
        if (outcomes) this.#announce(outcomes);
        // What could not be stored is not acknowledged; a new session brings it again.
        else return this.#options.closeSession(lane.device);
        if (!this.#alive(lane)) return;
        lane.inbox.handleOutcomes(outcomes, this.#now());
        for (const { incarnation, to } of lane.inbox.pollReceipt() ?? []) {
          this.#sendControl(lane, receipt('delivered', incarnation, to));
        }
        this.#commit(lane);
      });
  }

  #announce(outcomes: readonly IncomingOutcome[]): void {
    // A void fills a number and is shown nowhere (DL14).
    const isShown = (message: StoredMessage): boolean => message.kind === 'text';
    const messages = outcomes
      .flatMap((outcome) => (outcome.kind === 'committed' ? [outcome.message] : []))
      .filter(isShown);
    if (messages.length > 0) this.#options.handlers.onMessages(messages, true);
  }

  #refuse(lane: Lane, content: ContentOf<'text' | 'void'>, reason: 'clock'): void {
    const { incarnation, sequence } = content;
    this.#sendControl(lane, { type: 'refused-content', conversation: 0, incarnation, sequence, reason });
  }

  async #sendKnownReceipts(lane: Lane): Promise<void> {
    const numberings = await this.#options.store.receivedUpTo(lane.account);
    const ofDevice = numberings.filter(({ device }) => device === lane.device);
    if (ofDevice.every(({ readUpTo }) => readUpTo === 0)) this.#readOwed.delete(lane.device);
    for (const { incarnation, deliveredUpTo, readUpTo } of ofDevice) {
      if (deliveredUpTo > 0) this.#sendControl(lane, receipt('delivered', incarnation, deliveredUpTo));
      if (readUpTo > 0) this.#sendControl(lane, receipt('read', incarnation, readUpTo));
    }
  }

  async #handleReceipt(lane: Lane, content: ContentOf<'receipt'>): Promise<void> {
    const { incarnation, kind, ranges } = content;
    const done = lane.outbox.handleReceipt(incarnation, ranges, this.#now());
    // Which road brought each there goes into the same sync as the receipt.
    const notes = done.map((id) => {
      const road = lane.roads.get(id);
      lane.roads.delete(id);
      return road && this.#options.store.noteRoad(id, road);
    });
    const changed = this.#options.store.applyReceipt(lane.account, incarnation, kind, ranges, lane.device);
    this.#pump(lane);
    inBackground(this.#options.log, 'a road could not be noted', Promise.all(notes));
    this.#options.handlers.onMessages(await changed, false);
  }

  async #handleOpening(lane: Lane, { incarnation, from }: ContentOf<'opening'>): Promise<void> {
    if (from < 1) return;
    const opened = await this.#options.store.openNumbering(lane.account, lane.device, incarnation, from);
    if (!opened || !this.#alive(lane)) return;
    lane.inbox.handleOpening(incarnation, from, this.#now());
    this.#commit(lane);
  }

  async #handleRefusal(lane: Lane, content: ContentOf<'refused-content'>): Promise<void> {
    const { incarnation, sequence, reason } = content;
    lane.outbox.handleRefusal(incarnation, sequence, reason, this.#now());
    const changed = await this.#options.store.applyRefusal(lane.account, incarnation, sequence, reason);
    this.#options.handlers.onMessages(changed, false);
    this.#pump(lane);
  }

  #arm(lane: Lane): void {
    lane.timer?.cancel();
    const next = lane.outbox.pollTimeout();
    lane.timer =
      next &&
      this.#options.clock.setTimer(next.at, () => {
        lane.outbox.handleTimeout(this.#now());
        this.#pump(lane);
      });
  }

  async #reconnectIfOwed(device: DeviceId): Promise<void> {
    const account = this.#options.accountOf(device);
    if (this.#stopped || account === undefined || this.#pursuit.has(device)) return;
    // A store that cannot tell may well owe something.
    const owed = await this.#lacksMessages(account, device).catch(() => true);
    if (owed && !this.#lanes.has(device)) this.#pursuit.beginLater(device);
  }
}
