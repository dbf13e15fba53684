import type { AccountNumber, DeviceId, Incarnation } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import { after, type Clock, earliest, type Instant, type Timer } from '@magpie/common/time.ts';
import { GAP_ASKED_AFTER_MS, GAP_SHOWN_AFTER_MS, RESEND_MAX } from '../messaging/limits.ts';
import type { PeerStore } from '../store/store.ts';
import { type AskedAnew, askedAnew, type News } from './asked-anew.ts';
import { inBackground } from './background.ts';
import type { Answers, Correspondent } from './delivery-ports.ts';
import {
  GAP_ASK_MS_MAX,
  GAP_ASK_RARELY_MS,
  GAP_ASK_SPACING_MS,
  GAP_ASKS_MAX,
  GAP_COUNT_EVERY_MS,
  GAP_COUNT_MAX,
  GAPS_MAX,
  GAPS_PER_DEVICE_MAX,
} from './limits.ts';

export interface GapRepairOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Pick<PeerStore, 'gaps' | 'receivedUpTo'>;
  readonly isFriend: (from: Correspondent) => boolean;
  readonly answers: Pick<Answers, 'say'>;
  /** Of this chat, so many numbers are shown as missing from now on. */
  readonly onMissing: (chat: AccountNumber, count: number) => void;
}

/** A numbering of a friend's device of which something is missing here. */
interface Lack {
  readonly from: Correspondent;
  readonly incarnation: Incarnation;
  /** The highest number that is known to exist. */
  tail: number;
  /** Missing since `since`, in part, are numbers up to here. */
  goal: number;
  since: Instant;
  /** Everything up to here is committed; undefined until it was looked at. */
  upTo: number | undefined;
  /** It last grew, or was first seen. */
  movedAt: Instant;
  /** The highest number of the last question. */
  asked: number | undefined;
  askedInVain: number;
  /** It was asked anew for news of the device, and nothing has come since. */
  anew: AskedAnew | undefined;
  nextAt: Instant;
  missing: number;
}

/**
 * Notices what is missing of what friends have sent: the tail of a numbering says how far it goes, and so does whatever is
 * ahead of its turn. What stands still is asked for again; what stands longer is shown (D5: a gap is visible and named).
 */
export class GapRepair {
  readonly #options: GapRepairOptions;
  /** By device and incarnation, the oldest first. */
  readonly #lacks = new Map<string, Lack>();
  readonly #turns = new Map<DeviceId, Instant>();
  readonly #shown = new Map<AccountNumber, number>();
  #timer: Timer | undefined;
  #timerAt: Instant | undefined;
  #looking = false;
  #stopped = false;

  constructor(options: GapRepairOptions) {
    this.#options = options;
  }

  /** What an earlier run has left behind. */
  async start(): Promise<void> {
    for (const { chat, device, incarnation, to } of await this.#options.store.gaps()) {
      this.#note({ account: chat, device }, incarnation, to + 1);
    }
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Numbers of theirs that are missing, for so long that somebody should know. */
  missing(chat: AccountNumber): number {
    return this.#shown.get(chat) ?? 0;
  }

  /** There is a way to the device now: what was asked in vain for long is asked again soon. */
  handleTail(from: Correspondent, incarnation: Incarnation, upTo: number): void {
    if (upTo < 1) return;
    const before = this.#lacks.get(keyOf(from.device, incarnation))?.tail ?? 0;
    const lack = this.#note(from, incarnation, upTo);
    if (upTo <= before && !this.#mayAskAnew(lack, 'slot')) return;
    lack.askedInVain = 0;
    lack.nextAt = earliest(lack.nextAt, this.#in(GAP_ASKED_AFTER_MS))!;
    this.#arm();
  }

  /** Something of the device is missing, or has to be looked at. */
  isLacking(device: DeviceId): boolean {
    return this.#lacksOf(device).length > 0;
  }

  /** The device can be reached (again): it is asked at once, and as if for the first time. */
  handleReachable(device: DeviceId, news: News = 'there'): void {
    for (const lack of this.#lacksOf(device)) {
      if (lack.asked === undefined || !this.#mayAskAnew(lack, news)) continue;
      lack.askedInVain = 0;
      lack.nextAt = this.#now();
    }
    this.#arm();
  }

  /** This number has come, and something before it has not. */
  handleAhead(from: Correspondent, incarnation: Incarnation, sequence: number): void {
    this.#note(from, incarnation, sequence);
    this.#arm();
  }

  handleCommitted(from: Correspondent, incarnation: Incarnation, upTo: number): void {
    const lack = this.#lacks.get(keyOf(from.device, incarnation));
    if (!lack || upTo <= (lack.upTo ?? 0)) return;
    this.#moved(lack, upTo);
    // The rest is asked for as soon as this much is here.
    if (lack.asked !== undefined && upTo >= lack.asked) lack.nextAt = this.#now();
    else if (lack.missing > 0) lack.nextAt = earliest(lack.nextAt, this.#in(GAP_COUNT_EVERY_MS))!;
    if (upTo >= lack.tail) this.#forget(lack);
    this.#arm();
  }

  #note(from: Correspondent, incarnation: Incarnation, tail: number): Lack {
    const key = keyOf(from.device, incarnation);
    const known = this.#lacks.get(key);
    if (known) {
      known.tail = Math.max(known.tail, tail);
      return known;
    }
    this.#makeRoom(from.device);
    const now = this.#now();
    const fresh: Lack = {
      from,
      incarnation,
      tail,
      goal: tail,
      since: now,
      upTo: undefined,
      movedAt: now,
      asked: undefined,
      askedInVain: 0,
      anew: undefined,
      nextAt: after(now, GAP_ASKED_AFTER_MS),
      missing: 0,
    };
    this.#lacks.set(key, fresh);
    return fresh;
  }

  #mayAskAnew(lack: Lack, news: News): boolean {
    const anew = askedAnew(lack.anew, news, this.#now());
    lack.anew = anew ?? lack.anew;
    return anew !== undefined;
  }

  #lacksOf(device: DeviceId): readonly Lack[] {
    return [...this.#lacks.values()].filter(({ from }) => from.device === device);
  }

  #moved(lack: Lack, upTo: number): void {
    lack.upTo = upTo;
    lack.movedAt = this.#now();
    lack.askedInVain = 0;
    lack.anew = undefined;
    if (upTo < lack.goal) return;
    // All that was missing then has come; what is missing now is missing since now.
    lack.goal = lack.tail;
    lack.since = lack.movedAt;
    lack.missing = 0;
  }

  #forget(lack: Lack): void {
    this.#lacks.delete(keyOf(lack.from.device, lack.incarnation));
    this.#count(lack.from.account);
  }

  /** A question to the store for each chat concerned, however many numberings wait. */
  async #look(): Promise<void> {
    const now = this.#now();
    const due = [...this.#lacks.values()]
      .filter(({ nextAt }) => nextAt <= now)
      .sort((a, b) => a.askedInVain - b.askedInVain);
    for (const chat of new Set(due.map(({ from }) => from.account))) {
      const { store } = this.#options;
      const ofChat = due.filter(({ from }) => from.account === chat);
      const names = ofChat.map(({ from, incarnation }) => ({ device: from.device, incarnation }));
      const [numberings, gaps] = await Promise.all([store.receivedUpTo(chat, names), store.gaps(chat)]);
      const upTo = new Map(numberings.map((one) => [keyOf(one.device, one.incarnation), one.deliveredUpTo]));
      const gapsOf = Map.groupBy(gaps, ({ device, incarnation }) => keyOf(device, incarnation));
      for (const lack of ofChat) {
        const key = keyOf(lack.from.device, lack.incarnation);
        this.#judge(lack, upTo.get(key) ?? 0, gapsOf.get(key) ?? []);
      }
      this.#count(chat);
    }
  }

  #judge(lack: Lack, deliveredUpTo: number, gaps: readonly { readonly from: number; readonly to: number }[]): void {
    lack.upTo ??= deliveredUpTo;
    if (deliveredUpTo > lack.upTo) this.#moved(lack, deliveredUpTo);
    if (deliveredUpTo >= lack.tail || !this.#options.isFriend(lack.from)) return this.#forget(lack);
    const missing = gaps.length > 0 ? gaps : [{ from: deliveredUpTo + 1, to: lack.tail }];
    const now = this.#now();
    const stands = now - lack.since >= GAP_SHOWN_AFTER_MS;
    // A friend may claim any number: the count stays one that can be shown, also with others of them.
    const count = missing.reduce((sum, { from, to }) => Math.min(GAP_COUNT_MAX, sum + to - from + 1), 0);
    lack.missing = stands ? count : 0;
    const answered = lack.asked !== undefined && deliveredUpTo >= lack.asked;
    if (answered || now - lack.movedAt >= GAP_ASKED_AFTER_MS) return this.#ask(lack, missing, { goesOn: answered });
    lack.nextAt = after(lack.movedAt, GAP_ASKED_AFTER_MS);
  }

  /** As few contents as bring all that is missing within reach of one question. */
  #ask(
    lack: Lack,
    missing: readonly { readonly from: number; readonly to: number }[],
    { goesOn }: { readonly goesOn: boolean },
  ): void {
    const turn = this.#turnOf(lack.from.device);
    if (turn > this.#now() && !goesOn) {
      lack.nextAt = turn;
      return;
    }
    this.#turns.set(lack.from.device, this.#in(GAP_ASK_SPACING_MS));
    const { from: first } = missing[0]!;
    const last = first + RESEND_MAX - 1;
    const to = missing.reduce((highest, gap) => (gap.from <= last ? Math.min(gap.to, last) : highest), first);
    const { from, incarnation } = lack;
    lack.asked = to;
    const rarely = lack.askedInVain >= GAP_ASKS_MAX;
    const waitMs = rarely ? GAP_ASK_RARELY_MS : Math.min(GAP_ASK_MS_MAX, GAP_ASKED_AFTER_MS * 2 ** lack.askedInVain);
    lack.askedInVain += 1;
    lack.nextAt = this.#in(waitMs);
    this.#options.answers.say(from, { type: 'resend', conversation: 0, incarnation, from: first, to });
  }

  /** When the device may be asked something again. */
  #turnOf(device: DeviceId): Instant {
    if (this.#turns.size > GAPS_MAX) this.#turns.clear();
    return this.#turns.get(device) ?? this.#now();
  }

  #count(chat: AccountNumber): void {
    const lacks = [...this.#lacks.values()].filter(({ from }) => from.account === chat);
    const count = lacks.reduce((sum, { missing }) => sum + missing, 0);
    if (count === this.missing(chat)) return;
    if (count === 0) this.#shown.delete(chat);
    else this.#shown.set(chat, count);
    this.#options.onMissing(chat, count);
  }

  /** The oldest are forgotten: a device that goes on has new numberings, and tells its tails again. */
  #makeRoom(device: DeviceId): void {
    const ofDevice = this.#lacksOf(device);
    if (ofDevice.length >= GAPS_PER_DEVICE_MAX) this.#forget(ofDevice[0]!);
    const [oldest] = this.#lacks.values();
    if (oldest && this.#lacks.size >= GAPS_MAX) this.#forget(oldest);
  }

  #arm(): void {
    if (this.#stopped || this.#looking) return;
    let at: Instant | undefined;
    for (const { nextAt } of this.#lacks.values()) at = earliest(at, nextAt);
    if (at === this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = at === undefined ? undefined : this.#options.clock.setTimer(at, () => this.#handleTimeout());
  }

  #handleTimeout(): void {
    this.#timerAt = undefined;
    this.#looking = true;
    const done = this.#look()
      .catch((cause: unknown) => {
        // A store that cannot tell is asked again later.
        for (const lack of this.#lacks.values()) lack.nextAt = this.#later(lack.nextAt);
        throw cause;
      })
      .finally(() => {
        this.#looking = false;
        this.#arm();
      });
    inBackground(this.#options.log, 'what is missing could not be read', done);
  }

  #later(at: Instant): Instant {
    const soonest = this.#in(GAP_ASKED_AFTER_MS);
    return at > soonest ? at : soonest;
  }

  #in(ms: number): Instant {
    return after(this.#now(), ms);
  }

  #now(): Instant {
    return this.#options.clock.now();
  }
}

function keyOf(device: DeviceId, incarnation: Incarnation): string {
  return `${device}/${incarnation}`;
}
