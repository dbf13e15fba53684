import { type ContentOf, decodeContent, isNumbered, type NumberedContent } from '@magpie/common/content/content.ts';
import { type AccountNumber, type DeviceId, type Incarnation, newMessageId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { after, type Clock, type Timer, type WallMs } from '@magpie/common/time.ts';
import { GAP_ASKED_AFTER_MS, RESEND_MAX } from '../messaging/limits.ts';
import { stampTooFarAhead } from '../messaging/text.ts';
import type { PeerStore } from '../store/store.ts';
import { announce, type MessageHandler } from './announce.ts';
import { type AskedAnew, askedAnew, type News } from './asked-anew.ts';
import { inBackground } from './background.ts';
import type { Answers, Correspondent } from './delivery-ports.ts';
import {
  GAP_ASK_MS_MAX,
  GAP_ASKS_MAX,
  OWN_REPAIRS_AT_ONCE_MAX,
  OWN_REPAIRS_MAX,
  OWN_REPAIRS_PER_DEVICE_MAX,
  RESTORED_NOTE_WITHIN,
} from './limits.ts';

export interface OwnRepairOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
  readonly store: Pick<PeerStore, 'missingOwn' | 'commitReturned' | 'commitSystem' | 'messages'>;
  readonly wallNow: () => WallMs;
  readonly ownDevice: DeviceId;
  readonly incarnation: () => Incarnation | undefined;
  readonly isFriend: (from: Correspondent) => boolean;
  readonly answers: Pick<Answers, 'say' | 'withdraw'>;
  readonly onMessages: MessageHandler;
}

/** Own numbers of one numbering that a friend's device has and this profile has not. */
interface Loss {
  readonly from: Correspondent;
  readonly incarnation: Incarnation;
  /** What the friend has receipted of it. */
  upTo: number;
  /** Until then it waits for another one of that device to end. */
  hasBegun: boolean;
  asked: { readonly from: number; readonly to: number } | undefined;
  /** Of `asked`, what has not come. */
  owed: Set<number>;
  askedInVain: number;
  /** It was asked anew for news of the device, and nothing has come since. */
  anew: AskedAnew | undefined;
  timer: Timer | undefined;
}

/**
 * Asks friends for what this profile itself has sent and lost: it is an older copy of itself, or a part of its last
 * commits is gone. What comes back is marked as such, since a friend could have invented it.
 */
export class OwnRepair {
  readonly #options: OwnRepairOptions;
  readonly #losses = new Map<string, Loss>();
  /** Numberings that are known to be whole up to here, so that a receipt costs no question twice. */
  readonly #whole = new Map<string, number>();
  readonly #noted = new Set<AccountNumber>();
  #stopped = false;

  constructor(options: OwnRepairOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#losses.values()) timer?.cancel();
    this.#losses.clear();
  }

  /**
   * A receipt of a friend's device names numbers of ours up to `upTo`, which may be more than this profile knows of. Those
   * of the present incarnation were given here and nowhere else, so there is nothing to ask for.
   */
  handleReceiptBeyond(from: Correspondent, incarnation: Incarnation, upTo: number): void {
    if (this.#stopped || upTo < 1 || incarnation === this.#options.incarnation()) return;
    const key = keyOf(from, incarnation);
    const known = this.#losses.get(key);
    if (known) {
      known.upTo = Math.max(known.upTo, upTo);
      return;
    }
    if ((this.#whole.get(key) ?? 0) >= upTo || this.#losses.size >= OWN_REPAIRS_MAX) return;
    if (this.#lossesOf(from.device).length >= OWN_REPAIRS_PER_DEVICE_MAX) return;
    const fresh: Loss = {
      from,
      incarnation,
      upTo,
      hasBegun: false,
      asked: undefined,
      owed: new Set(),
      askedInVain: 0,
      anew: undefined,
      timer: undefined,
    };
    this.#losses.set(key, fresh);
    this.#beginNext(from.device);
  }

  isLacking(device: DeviceId): boolean {
    return this.#lossesOf(device).length > 0;
  }

  /** The device can be reached (again): it is asked at once, and as if for the first time. */
  handleReachable(device: DeviceId, news: News = 'there'): void {
    const now = this.#options.clock.now();
    for (const loss of this.#lossesOf(device)) {
      const anew = loss.asked && askedAnew(loss.anew, news, now);
      if (!anew) continue;
      loss.anew = anew;
      loss.askedInVain = 0;
      this.#goOn(loss);
    }
  }

  /** Takes only what was asked for. Resolves when it is durable, or of no use. */
  async handleGivenBack(from: Correspondent, { content: bytes }: ContentOf<'given-back'>): Promise<void> {
    const decoded = decodeContent(bytes);
    if (!decoded.ok || !isNumbered(decoded.value)) return;
    const content: NumberedContent = decoded.value;
    const loss = this.#losses.get(keyOf(from, content.incarnation));
    if (!loss?.owed.has(content.sequence)) return;
    const { store, wallNow, ownDevice, onMessages } = this.#options;
    if (stampTooFarAhead(content.stamp, wallNow())) return;
    loss.owed.delete(content.sequence);
    const last = loss.owed.size === 0;
    const returned = await store.commitReturned([{ chat: from.account, device: ownDevice, content }], wallNow());
    announce(returned, onMessages);
    if (returned.length > 0) {
      loss.askedInVain = 0;
      loss.anew = undefined;
      await this.#tell(from.account);
    }
    if (last) this.#goOn(loss);
  }

  #lossesOf(device: DeviceId): readonly Loss[] {
    return [...this.#losses.values()].filter(({ from }) => from.device === device);
  }

  #beginNext(device: DeviceId): void {
    const ofDevice = this.#lossesOf(device);
    const next = ofDevice.find(({ hasBegun }) => !hasBegun);
    if (!next || ofDevice.filter(({ hasBegun }) => hasBegun).length >= OWN_REPAIRS_AT_ONCE_MAX) return;
    next.hasBegun = true;
    this.#goOn(next);
  }

  #end(loss: Loss): void {
    this.#losses.delete(keyOf(loss.from, loss.incarnation));
    this.#beginNext(loss.from.device);
  }

  #goOn(loss: Loss): void {
    loss.timer?.cancel();
    inBackground(this.#options.log, 'lost messages could not be asked back', this.#ask(loss));
  }

  async #ask(loss: Loss): Promise<void> {
    const { store, ownDevice, isFriend, answers, clock } = this.#options;
    const { from, incarnation, upTo } = loss;
    const key = keyOf(from, incarnation);
    const missing = await store.missingOwn(from.account, ownDevice, incarnation, upTo).catch((cause: unknown) => {
      this.#end(loss);
      throw cause;
    });
    if (this.#losses.get(key) !== loss) return;
    if (!missing && loss.upTo > upTo) return this.#ask(loss);
    // What came back is here under another number.
    const needless = loss.asked !== undefined && loss.owed.size === 0 && missing?.from === loss.asked.from;
    if (!missing || needless) this.#rememberWhole(key, upTo);
    if (!missing || needless || !isFriend(from) || loss.askedInVain > GAP_ASKS_MAX) {
      this.#end(loss);
      if (loss.asked) answers.withdraw(from, { type: 'give-back', conversation: 0, incarnation, ...loss.asked });
      return;
    }
    const to = Math.min(missing.to, missing.from + RESEND_MAX - 1);
    loss.asked = { from: missing.from, to };
    loss.owed = new Set(Array.from({ length: to - missing.from + 1 }, (_, index) => missing.from + index));
    const waitMs = Math.min(GAP_ASK_MS_MAX, GAP_ASKED_AFTER_MS * 2 ** loss.askedInVain);
    loss.askedInVain += 1;
    loss.timer?.cancel();
    loss.timer = clock.setTimer(after(clock.now(), waitMs), () => this.#goOn(loss));
    answers.say(from, { type: 'give-back', conversation: 0, incarnation, from: missing.from, to });
  }

  #rememberWhole(key: string, upTo: number): void {
    this.#whole.delete(key);
    const [oldest] = this.#whole.keys();
    if (oldest !== undefined && this.#whole.size >= OWN_REPAIRS_MAX) this.#whole.delete(oldest);
    this.#whole.set(key, upTo);
  }

  /** One line for each conversation says that messages came back. */
  async #tell(chat: AccountNumber): Promise<void> {
    const { store, wallNow, random, onMessages } = this.#options;
    if (this.#noted.has(chat)) return;
    this.#noted.add(chat);
    const newest = await store.messages({ chat, limit: RESTORED_NOTE_WITHIN });
    if (newest.some(({ kind, text }) => kind === 'system' && text === 'restored')) return;
    const wall = wallNow();
    onMessages([await store.commitSystem(chat, newMessageId(wall, random), 'restored', wall)], true);
  }
}

function keyOf({ device }: Correspondent, incarnation: Incarnation): string {
  return `${device}/${incarnation}`;
}
