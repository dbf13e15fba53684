import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { Log } from '@magpie/common/log.ts';
import { type RandomSource, randomUnit } from '@magpie/common/random.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import type { PeerStore } from '../store/store.ts';
import { inBackground } from './background.ts';
import { GREETED_MAX, GREETED_WITHIN_MS, GREETINGS_AFTER_MS, GREETINGS_LINES_MAX } from './limits.ts';

export interface GreetingsOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: Log;
  readonly store: Pick<PeerStore, 'messages'>;
  /** Friends who are shown as there, and may learn that we are (R23). */
  readonly friendsThere: () => readonly AccountNumber[];
  readonly devicesOf: (friend: AccountNumber) => readonly DeviceId[];
  readonly ensureSession: (device: DeviceId) => void;
}

/**
 * DL59: a while after each login, sessions with the friends of the conversations used last, though nobody has anything to
 * say: by the tails and receipts that they begin with, both sides learn what one of them has lost.
 */
export class Greetings {
  readonly #options: GreetingsOptions;
  readonly #timers = new Set<Timer>();
  /** Counts links: what was read for an older one is of no use. */
  #link = 0;

  constructor(options: GreetingsOptions) {
    this.#options = options;
  }

  /** There is a link again, or friends may learn again that we are here. */
  handleLinkUp(): void {
    this.handleLinkDown();
    const link = this.#link;
    this.#in(GREETINGS_AFTER_MS, () => {
      inBackground(this.#options.log, 'recent conversations could not be read', this.#begin(link));
    });
  }

  handleLinkDown(): void {
    this.#link++;
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  /** Everybody logs in when a server comes back: not all handshakes at once. */
  async #begin(link: number): Promise<void> {
    const { random, friendsThere, devicesOf, ensureSession } = this.#options;
    for (const friend of await this.#usedLast(friendsThere())) {
      if (link !== this.#link) return;
      this.#in(randomUnit(random) * GREETED_WITHIN_MS, () => {
        if (friendsThere().includes(friend)) for (const device of devicesOf(friend)) ensureSession(device);
      });
    }
  }

  async #usedLast(friends: readonly AccountNumber[]): Promise<readonly AccountNumber[]> {
    const used: { readonly friend: AccountNumber; readonly at: number }[] = [];
    for (const friend of friends) {
      const newest = await this.#options.store.messages({ chat: friend, limit: GREETINGS_LINES_MAX });
      const said = newest.filter(({ kind }) => kind !== 'system').map(({ stamp }) => stamp.wallMs);
      if (said.length > 0) used.push({ friend, at: Math.max(...said) });
    }
    const newestFirst = used.sort((a, b) => b.at - a.at);
    return newestFirst.slice(0, GREETED_MAX).map(({ friend }) => friend);
  }

  #in(ms: number, work: () => void): void {
    const { clock } = this.#options;
    const timer = clock.setTimer(after(clock.now(), ms), () => {
      this.#timers.delete(timer);
      work();
    });
    this.#timers.add(timer);
  }
}
