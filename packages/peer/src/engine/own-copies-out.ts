import { type Content, encodeContent } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import { ENVELOPE_CONTENTS_MAX } from '@magpie/common/limits.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { after, type Clock, type Instant, type Timer } from '@magpie/common/time.ts';
import type { NumberingProgress, PeerStore, StoredMessage } from '../store/store.ts';
import { inBackground } from './background.ts';
import type { Correspondent } from './delivery-ports.ts';
import {
  COPIED_CHATS_MAX,
  COPIES_BACK_MAX,
  COPY_STATES_WAIT_MS,
  MAIL_LATER_MS_MAX,
  MAILS_UNDER_WAY_MAX,
} from './limits.ts';
import type { MailPost, Posted } from './mail-post.ts';
import { contentOf, mailIdOf, receipt, slotId } from './message-content.ts';
import { retryAfterMs } from './retry-after.ts';

export interface OwnCopiesOutOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
  readonly store: Pick<
    PeerStore,
    | 'meetOwnDevices'
    | 'uncopiedTo'
    | 'noteCopied'
    | 'forgetCopied'
    | 'copyStatesOwed'
    | 'copyStates'
    | 'noteCopyStatesTold'
  >;
  readonly post: Pick<MailPost, 'put'>;
  readonly linkUp: () => boolean;
  /** The other devices in the own signed list. */
  readonly others: () => readonly Correspondent[];
}

interface Other {
  readonly to: Correspondent;
  /** One pass at a time over what it lacks; what comes meanwhile is in the next. */
  working: 'no' | 'yes' | 'again';
  statesDue: boolean;
  attempts: number;
  timer: Timer | undefined;
  /** Not before this time is what it cannot open sealed again: that it never can must not go round and round. */
  reopenAt: Instant;
  /** How often it has lacked copies that were put. */
  reopened: number;
  /** Chats whose slot it could not open. */
  readonly slotsLost: Set<AccountNumber>;
  /** States in the slots of now, which the next ones of the same chat must name again. */
  readonly inSlot: Map<AccountNumber, Map<Incarnation, NumberingProgress>>;
}

const STATES_PER_SLOT_MAX = ENVELOPE_CONTENTS_MAX / 2;

/** R19, DL31: own messages, and what became of them, go to the own other devices, by their mailboxes only. */
export class OwnCopiesOut {
  readonly #options: OwnCopiesOutOptions;
  readonly #others = new Map<DeviceId, Other>();
  #statesTimer: Timer | undefined;
  #devicesTimer: Timer | undefined;
  #stopped = false;

  constructor(options: OwnCopiesOutOptions) {
    this.#options = options;
  }

  /** A message was committed and numbered. */
  handleCommitted(): void {
    for (const other of this.#others.values()) this.#work(other);
  }

  /**
   * The own device could not open these: sealed anew, and what came after them, once a minute at most. Doubles change nothing.
   * @param full it named as many as it can, so that there may be more
   */
  async handleCannotOpen(device: DeviceId, ids: readonly MessageId[], full: boolean): Promise<void> {
    const { store, clock } = this.#options;
    // The mailbox may be read before the own devices are met, and forgets what was said here.
    if (!this.#others.has(device) && !this.#stopped) await this.handleDevices();
    const other = this.#others.get(device);
    if (!other || this.#stopped) return;
    // A batch that is under way now is no reason to go on behind it.
    other.reopened++;
    const forgotten = store.forgetCopied(device, ids, full ? COPIES_BACK_MAX : 0);
    for (const chat of ids.flatMap((id) => chatOfSlot(id) ?? [])) {
      other.inSlot.delete(chat);
      other.slotsLost.add(chat);
      other.statesDue = true;
    }
    const now = clock.now();
    if (now < other.reopenAt) {
      this.#workAt(other, other.reopenAt);
    } else {
      other.reopenAt = after(now, MAIL_LATER_MS_MAX);
      this.#work(other);
    }
    await forgotten;
  }

  /** Own messages have other states now: told a little later, many at once. */
  handleStates(): void {
    if (this.#statesTimer || this.#others.size === 0 || this.#stopped) return;
    const { clock } = this.#options;
    this.#statesTimer = clock.setTimer(after(clock.now(), COPY_STATES_WAIT_MS), () => {
      this.#statesTimer = undefined;
      for (const other of this.#others.values()) {
        other.statesDue = true;
        this.#work(other);
      }
    });
  }

  /** There is a link, or the own list of devices is another one. */
  async handleDevices(): Promise<void> {
    const { clock, store } = this.#options;
    const others = this.#options.others();
    this.#devicesTimer?.cancel();
    try {
      await store.meetOwnDevices(others.map(({ device }) => device));
    } catch (cause) {
      const again = () => inBackground(this.#options.log, 'own devices could not be stored', this.handleDevices());
      this.#devicesTimer?.cancel();
      if (!this.#stopped) this.#devicesTimer = clock.setTimer(after(clock.now(), MAIL_LATER_MS_MAX), again);
      throw cause;
    }
    if (this.#stopped) return;
    for (const [device, { timer }] of this.#others) {
      if (others.some((one) => one.device === device)) continue;
      timer?.cancel();
      this.#others.delete(device);
    }
    for (const to of others) {
      const known = this.#others.get(to.device);
      const other = known ?? {
        to,
        working: 'no',
        statesDue: true,
        attempts: 0,
        timer: undefined,
        reopenAt: this.#options.clock.now(),
        reopened: 0,
        slotsLost: new Set(),
        inSlot: new Map(),
      };
      other.timer?.cancel();
      other.timer = undefined;
      other.statesDue = true;
      this.#others.set(to.device, other);
      this.#work(other);
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#statesTimer?.cancel();
    this.#devicesTimer?.cancel();
    for (const { timer } of this.#others.values()) timer?.cancel();
    this.#others.clear();
  }

  #work(other: Other): void {
    if (!this.#mayPut(other) || other.timer) return;
    if (other.working !== 'no') {
      other.working = 'again';
      return;
    }
    other.working = 'yes';
    let failed: Posted | undefined = { kind: 'later', retryAfterMs: 0 };
    const pass = this.#pass(other)
      .then((result) => {
        failed = result;
      })
      .finally(() => {
        const again = other.working === 'again';
        other.working = 'no';
        if (failed) this.#later(other, failed);
        else if (again) this.#work(other);
      });
    inBackground(this.#options.log, 'copies for an own device could not be put', pass);
  }

  #later(other: Other, failed: Posted): void {
    const { clock, random } = this.#options;
    const ms = retryAfterMs(failed, other.attempts++, random);
    if (ms !== undefined && this.#mayPut(other)) this.#workAt(other, after(clock.now(), ms));
  }

  #workAt(other: Other, at: Instant): void {
    other.timer ??= this.#options.clock.setTimer(at, () => {
      other.timer = undefined;
      this.#work(other);
    });
  }

  /** @returns what ended it before everything was put */
  async #pass(other: Other): Promise<Posted | undefined> {
    const isDue = other.statesDue;
    other.statesDue = false;
    const { reopened } = other;
    let isDone = false;
    let slots: readonly SlotDue[] = [];
    try {
      // What is recalled needs no reading: a state that rests on a recall is told behind its copy, so it is looked up first.
      if (isDue) slots = await this.#slotsDue(other);
      const failed = (await this.#putCopies(other, reopened)) ?? (await this.#putSlots(other, slots, reopened));
      // Behind copies that are lacked by now there is another pass, with the states that rest on them.
      const isBehind = reopened !== other.reopened;
      if (isBehind) other.working = 'again';
      isDone = !failed && !isBehind;
      return failed;
    } finally {
      if (isDue && !isDone) other.statesDue = true;
      if (!isDone) for (const { chat, isLost } of slots) if (isLost) other.slotsLost.add(chat);
    }
  }

  /** @param reopened ends as soon as the device has named more than at this count */
  async #putCopies(other: Other, reopened: number): Promise<Posted | undefined> {
    const { store } = this.#options;
    const { to } = other;
    while (reopened === other.reopened) {
      const messages = await store.uncopiedTo(to.device, MAILS_UNDER_WAY_MAX);
      if (messages.length === 0) return undefined;
      if (!this.#mayPut(other)) return { kind: 'not-now' };
      const posted = await Promise.all(messages.map((message) => this.#putCopy(to, message)));
      const end = posted.findIndex(({ kind }) => kind !== 'stored');
      const last = messages[(end < 0 ? messages.length : end) - 1];
      if (reopened !== other.reopened) return undefined;
      if (last) await store.noteCopied(to.device, last.copyPlace);
      if (end >= 0) return posted[end];
      other.attempts = 0;
    }
    return undefined;
  }

  async #putCopy(to: Correspondent, message: StoredMessage): Promise<Posted> {
    const content = contentOf(message);
    // What is never sent needs no copy.
    if (!content) return { kind: 'stored', expiresAt: message.stamp.wallMs };
    const refused = message.state === 'refused';
    const copy = { type: 'copy', chat: message.chat, refused, content: encodeContent(content) } as const;
    return this.#options.post.put({ to, id: mailIdOf(message.id), kind: 'message', contents: [copy] });
  }

  async #slotsDue({ to, inSlot, slotsLost }: Other): Promise<readonly SlotDue[]> {
    const owed = new Map<AccountNumber, NumberingProgress[]>();
    for (const { chat, ...progress } of await this.#options.store.copyStatesOwed(to.device)) {
      owed.set(chat, [...(owed.get(chat) ?? []), progress]);
    }
    for (const chat of slotsLost) owed.set(chat, owed.get(chat) ?? []);
    const slots: SlotDue[] = [];
    for (const [chat, all] of owed) {
      const told = all.slice(-STATES_PER_SLOT_MAX);
      const named = new Map(inSlot.get(chat) ?? (await this.#perhapsInSlot(chat)));
      for (const progress of told) {
        // The newest last, so that the oldest make room.
        named.delete(progress.incarnation);
        named.set(progress.incarnation, progress);
      }
      const kept = [...named].slice(-STATES_PER_SLOT_MAX);
      slots.push({ chat, told, kept, isLost: slotsLost.has(chat), isLast: told.length === all.length });
    }
    // One that is lost from now on is lost once more.
    for (const { chat } of slots) slotsLost.delete(chat);
    return slots;
  }

  /** @param reopened ends as soon as the device has named more than at this count */
  async #putSlots(other: Other, slots: readonly SlotDue[], reopened: number): Promise<Posted | undefined> {
    const { store, post } = this.#options;
    const { to, inSlot } = other;
    for (const { chat, told, kept, isLast } of slots) {
      if (reopened !== other.reopened) return undefined;
      if (!this.#mayPut(other)) return { kind: 'not-now' };
      const contents = kept.flatMap(([, progress]) => states(chat, progress));
      if (contents.length > 0) {
        const posted = await post.put({ to, id: slotId(chat), kind: 'slot', contents });
        if (posted.kind !== 'stored') return posted;
      }
      if (inSlot.size >= COPIED_CHATS_MAX) inSlot.clear();
      inSlot.set(chat, new Map(kept));
      await store.noteCopyStatesTold(to.device, chat, told);
      if (!isLast) {
        other.statesDue = true;
        other.working = 'again';
      }
      other.attempts = 0;
    }
    return undefined;
  }

  /** The slot may hold what was put there before a restart, and what was told is told by nobody else. */
  async #perhapsInSlot(chat: AccountNumber): Promise<readonly (readonly [Incarnation, NumberingProgress])[]> {
    const newest = await this.#options.store.copyStates(chat, STATES_PER_SLOT_MAX);
    return newest.map((progress) => [progress.incarnation, progress] as const);
  }

  #mayPut({ to }: Other): boolean {
    return !this.#stopped && this.#options.linkUp() && this.#others.has(to.device);
  }
}

/** The chat of which a slot toward an own device tells. Ids of messages begin with the time. */
function chatOfSlot(id: MessageId): AccountNumber | undefined {
  const number = Number.parseInt(id.slice(24), 16) as AccountNumber;
  return slotId(number) === mailIdOf(id) ? number : undefined;
}

/** What a slot toward an own device is to say of one chat. */
interface SlotDue {
  readonly chat: AccountNumber;
  /** Of these it is noted that they were told. */
  readonly told: readonly NumberingProgress[];
  /** With what the slot says already. */
  readonly kept: readonly (readonly [Incarnation, NumberingProgress])[];
  /** The device could not open it. */
  readonly isLost: boolean;
  readonly isLast: boolean;
}

function states(chat: AccountNumber, { incarnation, deliveredUpTo, readUpTo }: NumberingProgress): Content[] {
  const ofChat = (kind: 'delivered' | 'read', to: number): Content => {
    return { ...receipt(kind, incarnation, to), type: 'copy-receipt', chat };
  };
  const contents: Content[] = [];
  if (deliveredUpTo > readUpTo) contents.push(ofChat('delivered', deliveredUpTo));
  if (readUpTo > 0) contents.push(ofChat('read', readUpTo));
  return contents;
}
