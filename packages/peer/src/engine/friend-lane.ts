import { type Content, encodeContent } from '@magpie/common/content/content.ts';
import type { DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { Clock, Instant, Timer } from '@magpie/common/time.ts';
import { earliest } from '@magpie/common/time.ts';
import { Outbox } from '../messaging/outbox.ts';
import type { SequenceRange } from '../messaging/receipts.ts';
import type { MessageRoad, NumberingOpening, PeerStore, StoredMessage } from '../store/store.ts';
import type { Correspondent } from './delivery-ports.ts';
import { LanePatience } from './lane-patience.ts';
import { CONTROL_CONTENTS_MAX, RESENT_WAITING_MAX, UNDELIVERED_BATCH } from './limits.ts';
import { contentOf, replacementKey } from './message-content.ts';
import { NumberingWalk } from './numbering-walk.ts';
import type { Unsent } from './unsent.ts';

export interface FriendLaneOptions {
  readonly clock: Clock;
  readonly store: PeerStore;
  readonly unsent: Unsent;
  readonly to: Correspondent;
  readonly openStream: (device: DeviceId, bytes: Uint8Array) => number | undefined;
  readonly roadOf: (device: DeviceId) => MessageRoad | undefined;
  /** How long a chat message may go unacknowledged on the session's route. */
  readonly ptoMs: (device: DeviceId) => number | undefined;
  /** The session is of no use any more: memory and store differ, or too much waits. */
  readonly close: () => void;
  /** Work with the store whose failure ends the session. */
  readonly work: (what: string, work: Promise<unknown>) => void;
  /** No receipt came in time (D5): the mailbox gets what has none. */
  readonly onStalled: () => void;
  /** The device has committed something that went on this session. */
  readonly onProgress: () => void;
}

interface Control {
  readonly content: Content;
  readonly onAcked: (() => void) | undefined;
}

/**
 * What is under way on one session with one device of a friend; gone with the session, since the store knows it all.
 * Contents about messages go first, then messages in the order of their numbers within a window (Outbox), then what the
 * friend has asked for again.
 */
export class FriendLane {
  readonly to: Correspondent;
  readonly #options: FriendLaneOptions;
  readonly #outbox = new Outbox();
  readonly #patience: LanePatience;
  readonly #walk: NumberingWalk;
  readonly #roads = new Map<MessageId, MessageRoad>();
  readonly #messageOfStream = new Map<number, MessageId>();
  readonly #ackedOfStream = new Map<number, () => void>();
  #control: Control[] = [];
  #resent: Content[] = [];
  #openings: readonly NumberingOpening[] = [];
  /** Told on this session where they begin. */
  readonly #opened = new Set<Incarnation>();
  #loading: 'idle' | 'loading' | 'again' = 'idle';
  /** Every undelivered message of the chat is in the outbox, so that new ones may be added behind them. */
  #complete = false;
  /** While not complete: more is read from the store once the outbox holds fewer messages than this. */
  #refillBelow = UNDELIVERED_BATCH / 2;
  #timer: Timer | undefined;
  #pumping = false;
  #ended = false;

  constructor(options: FriendLaneOptions) {
    this.#options = options;
    this.to = options.to;
    const { clock, store, work, to } = options;
    const send = (content: Content, onAcked?: () => void): void => {
      if (content.type === 'tail') this.#open(content.incarnation);
      this.send(content, onAcked);
    };
    this.#walk = new NumberingWalk({ clock, store, to, work, send });
    this.#patience = new LanePatience(() => options.ptoMs(options.to.device));
    this.#outbox.sessionUp(this.#now());
  }

  get stalled(): boolean {
    return this.#patience.stalled;
  }

  end(): void {
    this.#ended = true;
    this.#timer?.cancel();
    this.#walk.end();
  }

  /** Everything that the device has not receipted, and before it where its numberings begin (DL19). */
  async begin(tailsMax: number): Promise<void> {
    const { store } = this.#options;
    const { account, device } = this.to;
    this.#openings = await store.openings(account, device);
    const tails = await store.tails(account, device, tailsMax);
    if (this.#ended) return;
    this.#load();
    for (const { incarnation, upTo } of tails) {
      this.#open(incarnation);
      this.send({ type: 'tail', conversation: 0, incarnation, upTo });
    }
    this.#walk.start();
  }

  handleCommitted(message: StoredMessage): void {
    if (this.#complete) {
      this.#outbox.enqueue(message);
      this.pump();
    } else if (this.#loading === 'loading') {
      // What is being read may have missed it; otherwise it is read in its turn.
      this.#loading = 'again';
    }
  }

  /** A message was cancelled or refused: its number goes as a void. */
  handleVoid({ incarnation, sequence }: StoredMessage): void {
    this.#outbox.handleRefusal(incarnation, sequence, 'unsupported', this.#now());
    this.pump();
  }

  handleRefusal(incarnation: Incarnation, sequence: number, reason: Parameters<Outbox['handleRefusal']>[2]): void {
    this.#outbox.handleRefusal(incarnation, sequence, reason, this.#now());
    this.pump();
  }

  /** @returns by which road each message that is now done has come, as far as is known */
  handleReceipt(
    incarnation: Incarnation,
    ranges: readonly SequenceRange[],
  ): readonly { readonly id: MessageId; readonly road: MessageRoad }[] {
    const done = this.#outbox.handleReceipt(incarnation, ranges, this.#now());
    const roads: { readonly id: MessageId; readonly road: MessageRoad }[] = [];
    for (const id of done) {
      const road = this.#roads.get(id);
      this.#roads.delete(id);
      if (road) roads.push({ id, road });
    }
    if (done.length > 0) {
      this.#patience.handleReceipt(this.#waiting, this.#now());
      this.#options.onProgress();
    }
    return roads;
  }

  handleStreamAcked(stream: number, road: MessageRoad): void {
    const id = this.#messageOfStream.get(stream);
    if (id !== undefined && this.#roads.has(id)) this.#roads.set(id, road);
    this.#messageOfStream.delete(stream);
    const acked = this.#ackedOfStream.get(stream);
    this.#ackedOfStream.delete(stream);
    acked?.();
    this.#outbox.handleStreamAcked(stream, this.#now());
    this.pump();
  }

  /**
   * A content about messages. A waiting one of the same kind and numbering is replaced by the newer (R18).
   * @param onAcked once the friend's transport has it; never when the session ends before
   */
  send(content: Content, onAcked?: () => void): void {
    if (this.#ended) return;
    const key = replacementKey(content);
    if (key !== undefined) this.#control = this.#control.filter((one) => replacementKey(one.content) !== key);
    if (this.#control.length >= CONTROL_CONTENTS_MAX) return this.#options.close();
    this.#control.push({ content, onAcked });
    this.#pumpControl();
  }

  /** Contents that the friend has lost. What finds no room is asked for again. */
  resend(contents: readonly Content[]): void {
    this.#resent.push(...contents.slice(0, RESENT_WAITING_MAX - this.#resent.length));
    this.pump();
  }

  pump(): void {
    // Events of the session come while it takes a stream: the loop that is under way sees what they changed.
    if (this.#ended || this.#pumping) return;
    this.#pumping = true;
    this.#pumpControl();
    this.#pumpMessages();
    this.#pumpResent();
    this.#pumping = false;
    if (this.#ended) return;
    // What had no room in the outbox waits in the store.
    if (this.#outbox.pollRefill()) this.#complete = false;
    if (!this.#complete && this.#outbox.size < this.#refillBelow) this.#load();
    if (this.#waiting) this.#patience.handleWaiting(this.#now());
    this.#arm();
  }

  get #waiting(): boolean {
    return this.#outbox.size > 0;
  }

  #now(): Instant {
    return this.#options.clock.now();
  }

  #pumpMessages(): void {
    const { unsent, openStream, roadOf } = this.#options;
    const { device } = this.to;
    const now = this.#now();
    for (let message = this.#outbox.pollSend(now); message; message = this.#outbox.pollSend(now)) {
      // Being cancelled: what comes after it waits for that, as it would for the message.
      if (!unsent.mayLeave(message)) break;
      this.#open(message.incarnation);
      const content = contentOf(message);
      if (!content || this.#control.length > 0) break;
      // From here on it may have left, whatever becomes of the stream.
      unsent.remove(message.id);
      const stream = openStream(device, encodeContent(content));
      if (stream === undefined || this.#ended) break;
      this.#messageOfStream.set(stream, message.id);
      // What is in the mailbox has most likely been read from there: a friend who comes reads it first.
      const road = message.state === 'stored' ? undefined : roadOf(device);
      if (road) this.#roads.set(message.id, road);
      this.#outbox.sent(message.id, stream, now);
    }
  }

  #open(incarnation: Incarnation): void {
    if (this.#opened.has(incarnation)) return;
    this.#opened.add(incarnation);
    const opening = this.#openings.find((one) => one.incarnation === incarnation);
    if (opening) this.send({ type: 'opening', conversation: 0, ...opening });
  }

  /** Fills the outbox from the store, oldest first, until everything undelivered is in it or it is well filled. */
  #load(): void {
    if (this.#loading !== 'idle') return;
    this.#loading = 'loading';
    this.#options.work('the outbox could not be read', this.#fill());
  }

  async #fill(): Promise<void> {
    const { account, device } = this.to;
    const messages = await this.#options.store.undeliveredTo(account, device, UNDELIVERED_BATCH);
    if (this.#ended) return;
    const before = this.#outbox.size;
    for (const message of messages) this.#outbox.enqueue(message);
    const again = (this.#loading as string) === 'again';
    const { size } = this.#outbox;
    // With no room for any of it, reading it again is of no use before there is some.
    const full = !again && size === before;
    this.#refillBelow = full ? Math.min(UNDELIVERED_BATCH / 2, Math.ceil(size / 2) || 1) : UNDELIVERED_BATCH / 2;
    this.#loading = 'idle';
    this.#complete = !again && messages.length < UNDELIVERED_BATCH;
    this.pump();
  }

  #pumpControl(): void {
    for (let next = this.#control.shift(); next; next = this.#control.shift()) {
      const stream = this.#options.openStream(this.to.device, encodeContent(next.content));
      if (stream === undefined) {
        this.#control.unshift(next);
        return;
      }
      if (next.onAcked) this.#ackedOfStream.set(stream, next.onAcked);
    }
  }

  #pumpResent(): void {
    for (let next = this.#resent.shift(); next; next = this.#resent.shift()) {
      if (this.#options.openStream(this.to.device, encodeContent(next)) !== undefined) continue;
      this.#resent.unshift(next);
      return;
    }
  }

  #arm(): void {
    this.#timer?.cancel();
    const at = earliest(this.#outbox.pollTimeout()?.at, this.#patience.pollTimeout());
    this.#timer = at === undefined ? undefined : this.#options.clock.setTimer(at, () => this.#handleTimeout());
  }

  #handleTimeout(): void {
    const now = this.#now();
    this.#outbox.handleTimeout(now);
    const stalled = this.#patience.handleTimeout(now);
    this.pump();
    if (stalled) this.#options.onStalled();
  }
}
