import type { Content, ContentOf } from '@magpie/common/content/content.ts';
import type { DeviceId, Incarnation } from '@magpie/common/ids.ts';
import { ENVELOPE_CONTENTS_MAX } from '@magpie/common/limits.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { after, type Clock, type Instant, type Timer } from '@magpie/common/time.ts';
import type { NumberingProgress, PeerStore } from '../store/store.ts';
import { inBackground } from './background.ts';
import type { Answers, Correspondent } from './delivery-ports.ts';
import {
  DEBTORS_MAX,
  RECEIPTS_AGAIN_MAX,
  RECEIPTS_AGAIN_MS,
  RECEIPTS_NOTED_AFTER_MS,
  RECEIPTS_UNDER_WAY_MAX,
  RECEIPTS_WAIT_MS,
  RECEIVED_MAX,
  SLOT_TAILS_MAX,
} from './limits.ts';
import type { MailPost } from './mail-post.ts';
import { receipt, replacementKey, slotId } from './message-content.ts';
import { retryAfterMs } from './retry-after.ts';
import { isAnswered, type Say, withSay } from './says.ts';

interface Lane {
  send(content: Content, onAcked?: () => void): void;
}

export interface ReceiptRoadOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
  readonly store: Pick<PeerStore, 'receiptsOwed' | 'receivedUpTo' | 'noteReceiptsTold' | 'tails'>;
  readonly post: Pick<MailPost, 'put'>;
  /** The session with the device, when there is one. */
  readonly lane: (device: DeviceId) => Lane | undefined;
  readonly linkUp: () => boolean;
  /** A certified device, and nothing keeps us from answering it (R23). */
  readonly mayAnswer: (device: DeviceId) => Correspondent | undefined;
  readonly sendsReadReceipts: () => boolean;
}

/** One device that is owed something, or was told something of which the store does not know yet. */
interface Debtor {
  readonly to: Correspondent;
  /** Something was committed, or committed again, since its receipts were looked at. */
  asked: boolean;
  says: Say[];
  /** Receipts that went on the session, or were acknowledged there and are not noted yet. */
  readonly told: Map<Incarnation, { readonly progress: NumberingProgress; acked: boolean }>;
  againAt: Instant | undefined;
  slotTimer: Timer | undefined;
  slotUnderWay: boolean;
  /** How many of the newest numberings the next slot leaves out when it tells the tails of older ones, in turns. */
  olderTails: number;
  /** Slots that were not taken, in a row. */
  attempts: number;
}

/**
 * The way back (DL10, DL25–DL29): receipts and other answers go over the session, or when none has come up within 200 ms
 * by the slot in the device's mailbox, which is replaced as a whole (R18). What a device was told is remembered when its
 * transport, or its mailbox, has it; so whatever is owed still goes after a crash.
 */
export class ReceiptRoad implements Answers {
  readonly #options: ReceiptRoadOptions;
  readonly #debtors = new Map<DeviceId, Debtor>();
  #looking: 'no' | 'yes' | 'again' = 'no';
  #lookAtAll = false;
  #noteTimer: Timer | undefined;
  #stopped = false;

  constructor(options: ReceiptRoadOptions) {
    this.#options = options;
  }

  oweReceipts(to: Correspondent, committed: Parameters<Answers['oweReceipts']>[1] = []): void {
    const debtor = this.#debtor(to);
    if (!debtor) return;
    const lane = this.#options.mayAnswer(to.device) && this.#options.lane(to.device);
    if (lane && committed.length > 0) {
      // The store would only say the same, after whatever it has to write.
      for (const { incarnation, to: deliveredUpTo } of committed) {
        this.#tell(debtor, lane, { incarnation, deliveredUpTo, readUpTo: 0 });
      }
      return;
    }
    debtor.asked = true;
    this.#look();
  }

  say(to: Correspondent, content: Content, onTold?: () => void): void {
    const debtor = this.#debtor(to);
    if (!debtor) return;
    debtor.says = withSay(debtor.says, { content, state: 'waiting', onTold });
    this.#answer(debtor, []);
  }

  amend(to: Correspondent, content: ContentOf<'cannot-open'>): void {
    const debtor = this.#debtors.get(to.device);
    const same = debtor?.says.find((say) => replacementKey(say.content) === replacementKey(content));
    if (!debtor || !same) return;
    same.content = content;
    if (content.ids.length === 0) debtor.says = debtor.says.filter((say) => say !== same);
  }

  withdraw({ device }: Correspondent, question: ContentOf<'give-back'>): void {
    const debtor = this.#debtors.get(device);
    if (!debtor) return;
    debtor.says = debtor.says.filter(({ content }) => replacementKey(content) !== replacementKey(question));
  }

  handleSessionUp(to: Correspondent): void {
    const debtor = this.#debtor(to);
    if (!debtor) return;
    debtor.slotTimer?.cancel();
    debtor.slotTimer = undefined;
    debtor.told.clear();
    const again = this.#sendAgain(debtor).then(() => {
      debtor.asked = false;
      this.#lookAtAll = true;
      this.#look();
    });
    inBackground(this.#options.log, 'receipts could not be read', again);
    this.#answer(debtor, []);
  }

  /** The device could not open its slot: another one, with all that is known to matter. */
  handleSlotLost(to: Correspondent): void {
    const debtor = this.#debtor(to);
    if (!debtor) return;
    if (this.#options.lane(to.device))
      inBackground(this.#options.log, 'receipts could not be read', this.#sendAgain(debtor));
    else this.#slotSoon(debtor, true);
  }

  /** What was under way on the session may be lost: it goes by the slot, unless another session comes. */
  handleSessionDown(device: DeviceId): void {
    const debtor = this.#debtors.get(device);
    if (!debtor) return;
    let lost = false;
    for (const [incarnation, { acked }] of debtor.told) {
      if (acked) continue;
      debtor.told.delete(incarnation);
      lost = true;
    }
    for (const say of debtor.says) if (say.state === 'under-way') say.state = 'waiting';
    if (lost) this.#lookAtAll = true;
    if (lost) this.#look();
    this.#answer(debtor, []);
  }

  /** All that is owed to anybody: there is a link again, or we are to be seen again (R23). */
  handleLinkUp(): void {
    this.#lookAtAll = true;
    this.#look();
    for (const debtor of this.#debtors.values()) this.#answer(debtor, []);
  }

  handleLinkDown(): void {
    for (const debtor of this.#debtors.values()) {
      debtor.slotTimer?.cancel();
      debtor.slotTimer = undefined;
      debtor.attempts = 0;
    }
  }

  stop(): void {
    this.#stopped = true;
    this.#noteTimer?.cancel();
    for (const { slotTimer } of this.#debtors.values()) slotTimer?.cancel();
    this.#debtors.clear();
  }

  #debtor(to: Correspondent): Debtor | undefined {
    const known = this.#debtors.get(to.device);
    if (known || this.#stopped) return known;
    if (this.#debtors.size >= DEBTORS_MAX) this.#forgetIdle();
    if (this.#debtors.size >= DEBTORS_MAX) return undefined;
    const debtor: Debtor = {
      to,
      asked: false,
      says: [],
      told: new Map(),
      againAt: undefined,
      slotTimer: undefined,
      slotUnderWay: false,
      olderTails: SLOT_TAILS_MAX / 2,
      attempts: 0,
    };
    this.#debtors.set(to.device, debtor);
    return debtor;
  }

  #forgetIdle(): void {
    for (const [device, { says, told, slotTimer, slotUnderWay, asked }] of this.#debtors) {
      const waits = says.some(({ state }) => state !== 'in-slot');
      if (!waits && told.size === 0 && !slotTimer && !slotUnderWay && !asked) this.#debtors.delete(device);
    }
  }

  /** Asks the store what is owed; questions that come meanwhile are answered together. */
  #look(): void {
    if (this.#looking !== 'no') {
      this.#looking = 'again';
      return;
    }
    this.#looking = 'yes';
    const done = this.#lookOnce().finally(() => {
      const again = this.#looking === 'again';
      this.#looking = 'no';
      if (again && !this.#stopped) this.#look();
    });
    inBackground(this.#options.log, 'receipts could not be read', done);
  }

  async #lookOnce(): Promise<void> {
    const all = this.#lookAtAll;
    this.#lookAtAll = false;
    const asked = [...this.#debtors.values()].filter((debtor) => debtor.asked);
    for (const debtor of asked) debtor.asked = false;
    const owed = new Map<DeviceId, NumberingProgress[]>();
    for (const { chat, device, ...progress } of await this.#options.store.receiptsOwed()) {
      if (this.#options.mayAnswer(device)?.account !== chat) continue;
      const ofDevice = owed.get(device) ?? [];
      ofDevice.push(progress);
      owed.set(device, ofDevice);
    }
    if (this.#stopped) return;
    for (const debtor of asked) {
      const ofDevice = owed.get(debtor.to.device);
      if (ofDevice) this.#answer(debtor, ofDevice);
      else if (debtor.told.size === 0) await this.#answerDouble(debtor);
    }
    if (!all) return;
    for (const [device, ofDevice] of owed) {
      const to = this.#options.mayAnswer(device);
      const debtor = to && this.#debtor(to);
      if (debtor && !asked.includes(debtor)) this.#answer(debtor, ofDevice);
    }
  }

  /** Nothing is owed, yet something was asked for: a double, whose sender has not seen our last receipt (DL10). */
  async #answerDouble(debtor: Debtor): Promise<void> {
    const now = this.#options.clock.now();
    if (debtor.againAt !== undefined && now < debtor.againAt) return;
    debtor.againAt = after(now, RECEIPTS_AGAIN_MS);
    if (this.#options.lane(debtor.to.device)) await this.#sendAgain(debtor);
    else this.#slotSoon(debtor, true);
  }

  async #sendAgain({ to }: Debtor): Promise<void> {
    if (!this.#options.mayAnswer(to.device)) return;
    const newest = await this.#received(to, RECEIPTS_AGAIN_MAX);
    const lane = this.#options.lane(to.device);
    for (const progress of newest) for (const content of this.#receipts(progress)) lane?.send(content);
  }

  /** Over the session at once, or by the slot a little later. */
  #answer(debtor: Debtor, owed: readonly NumberingProgress[]): void {
    const { to, told } = debtor;
    if (this.#stopped || !this.#options.mayAnswer(to.device)) return;
    const lane = this.#options.lane(to.device);
    if (!lane) {
      if (owed.length > 0 || debtor.says.some(({ state }) => state === 'waiting')) this.#slotSoon(debtor, false);
      return;
    }
    for (const say of debtor.says) {
      if (say.state !== 'waiting') continue;
      say.state = 'under-way';
      lane.send(say.content, () => {
        debtor.says = debtor.says.filter((one) => one !== say);
        say.onTold?.();
      });
    }
    for (const progress of newestFirst(owed)) {
      const before = told.get(progress.incarnation)?.progress;
      if (before && before.deliveredUpTo >= progress.deliveredUpTo && before.readUpTo >= progress.readUpTo) continue;
      if (before || told.size < RECEIPTS_UNDER_WAY_MAX) this.#tell(debtor, lane, progress);
    }
  }

  #tell(debtor: Debtor, lane: Lane, { incarnation, deliveredUpTo, readUpTo }: NumberingProgress): void {
    const before = debtor.told.get(incarnation)?.progress;
    const progress = {
      incarnation,
      deliveredUpTo: Math.max(deliveredUpTo, before?.deliveredUpTo ?? 0),
      readUpTo: Math.max(readUpTo, before?.readUpTo ?? 0),
    };
    const entry = { progress, acked: false };
    debtor.told.set(incarnation, entry);
    const contents = this.#receipts(progress);
    contents.forEach((content, index) => {
      const isLast = index === contents.length - 1;
      lane.send(content, isLast ? () => this.#handleAcked(debtor, entry) : undefined);
    });
    // Nothing of it is to be told: that is as good as told.
    if (contents.length === 0) this.#handleAcked(debtor, entry);
  }

  #handleAcked(debtor: Debtor, entry: { readonly progress: NumberingProgress; acked: boolean }): void {
    if (debtor.told.get(entry.progress.incarnation) !== entry) return;
    entry.acked = true;
    if (this.#noteTimer || this.#stopped) return;
    const { clock, log } = this.#options;
    this.#noteTimer = clock.setTimer(after(clock.now(), RECEIPTS_NOTED_AFTER_MS), () => {
      this.#noteTimer = undefined;
      inBackground(log, 'told receipts could not be noted', this.#noteTold());
    });
  }

  async #noteTold(): Promise<void> {
    const notes = [...this.#debtors.values()].map(async ({ to, told }) => {
      const acked = [...told.values()].filter((entry) => entry.acked);
      if (acked.length === 0) return;
      const progress = acked.map((entry) => entry.progress);
      await this.#options.store.noteReceiptsTold(to.account, to.device, progress);
      for (const entry of acked) {
        if (told.get(entry.progress.incarnation) === entry) told.delete(entry.progress.incarnation);
      }
      // There may be more than fits at once; and what was recalled is read as far as it can be, which nobody asked about.
      this.#lookAtAll = true;
    });
    await Promise.all(notes);
    if (this.#lookAtAll) this.#look();
  }

  /** @param always also when nothing is owed */
  #slotSoon(debtor: Debtor, always: boolean): void {
    if (debtor.slotTimer || debtor.slotUnderWay) {
      // What comes while one is under way is in the next.
      if (debtor.slotUnderWay) debtor.asked = true;
      return;
    }
    this.#slotAfter(debtor, RECEIPTS_WAIT_MS, always);
  }

  #slotAfter(debtor: Debtor, ms: number, always: boolean): void {
    const { clock, log } = this.#options;
    debtor.slotTimer?.cancel();
    debtor.slotTimer = clock.setTimer(after(clock.now(), ms), () => {
      debtor.slotTimer = undefined;
      inBackground(log, 'receipts could not be put', this.#putSlot(debtor, always));
    });
  }

  async #putSlot(debtor: Debtor, always: boolean): Promise<void> {
    const { store, post, random } = this.#options;
    const { to } = debtor;
    if (!this.#mayPut(debtor)) return;
    debtor.slotUnderWay = true;
    debtor.asked = false;
    let waitMs: number | undefined;
    try {
      const ofFriend = await store.receiptsOwed(to.account);
      const owed = newestFirst(ofFriend.filter(({ device }) => device === to.device));
      if (owed.length === 0 && !always && debtor.says.every(({ state }) => state === 'in-slot')) return;
      const newest = await store.tails(to.account, to.device, SLOT_TAILS_MAX / 2);
      const older = await store.tails(to.account, to.device, SLOT_TAILS_MAX / 2, debtor.olderTails);
      const received = await this.#received(to, RECEIVED_MAX);
      const recent = newestFirst(received.slice(-ENVELOPE_CONTENTS_MAX));
      // Said once more, it would be answered once more.
      debtor.says = debtor.says.filter(({ content }) => !isAnswered(content, received));
      const says = debtor.says.slice();
      const contents: Content[] = says.map(({ content }) => content);
      contents.push(...[...newest, ...older].map((tail) => ({ type: 'tail', conversation: 0, ...tail }) as const));
      const told = this.#fill(contents, owed);
      // It takes the place of the one before, which perhaps nobody has read.
      this.#fill(
        contents,
        recent.filter((one) => !owed.some(({ incarnation }) => incarnation === one.incarnation)),
      );
      const mayLeave = (): boolean => this.#mayPut(debtor);
      const posted = await post.put({ to, id: slotId(), kind: 'slot', contents, mayLeave });
      waitMs = retryAfterMs(posted, debtor.attempts, random);
      if (posted.kind !== 'stored') {
        debtor.attempts++;
        return;
      }
      debtor.olderTails = older.length === 0 ? SLOT_TAILS_MAX / 2 : debtor.olderTails + older.length;
      for (const say of says) {
        if (say.state === 'waiting') say.state = 'in-slot';
        say.onTold?.();
      }
      if (told.length > 0) await store.noteReceiptsTold(to.account, to.device, told);
      debtor.attempts = 0;
      // What had no room would take the place of what had, before that was read.
      if (told.length < owed.length) waitMs = retryAfterMs({ kind: 'refused', reason: 'mailbox-full' }, 0, random);
    } catch (cause) {
      waitMs = retryAfterMs({ kind: 'later', retryAfterMs: 0 }, debtor.attempts++, random);
      throw cause;
    } finally {
      debtor.slotUnderWay = false;
      if (!this.#stopped && this.#mayPut(debtor)) {
        if (waitMs !== undefined) this.#slotAfter(debtor, waitMs, always);
        else if (debtor.asked) this.#slotAfter(debtor, RECEIPTS_WAIT_MS, false);
      }
    }
  }

  /** A session that has come up meanwhile brings it. */
  #mayPut({ to }: Debtor): boolean {
    const { linkUp, lane, mayAnswer } = this.#options;
    return !this.#stopped && linkUp() && !lane(to.device) && mayAnswer(to.device) !== undefined;
  }

  /** @returns those that found room */
  #fill(contents: Content[], numberings: readonly NumberingProgress[]): readonly NumberingProgress[] {
    return numberings.filter((progress) => {
      const receipts = this.#receipts(progress);
      if (contents.length + receipts.length > ENVELOPE_CONTENTS_MAX) return false;
      contents.push(...receipts);
      return true;
    });
  }

  #received({ account, device }: Correspondent, limit: number): Promise<readonly NumberingProgress[]> {
    return this.#options.store.receivedUpTo(account, { device, limit, skip: 0 });
  }

  #receipts({ incarnation, deliveredUpTo, readUpTo }: NumberingProgress): readonly Content[] {
    const read = this.#options.sendsReadReceipts() ? readUpTo : 0;
    const contents: Content[] = [];
    // What is read is delivered (DL10).
    if (deliveredUpTo > read) contents.push(receipt('delivered', incarnation, deliveredUpTo));
    if (read > 0) contents.push(receipt('read', incarnation, read));
    return contents;
  }
}

/** The store gives them in the order in which they began. */
function newestFirst<T>(numberings: readonly T[]): readonly T[] {
  return numberings.slice().reverse();
}
