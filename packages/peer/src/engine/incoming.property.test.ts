import type { AccountNumber } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import { ok } from '@magpie/common/result.ts';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import { MemoryPeerStore } from '../store/memory-store.ts';
import type { MessageRoad } from '../store/store.ts';
import { GapRepair } from './gap-repair.ts';
import { Intake } from './intake.ts';
import { MailOpener } from './mail-opener.ts';
import { MailReader } from './mail-reader.ts';
import { A, BOB, BOBS, messageId, RecordedAnswers, TestMailbox, TestTime, text } from './test-incoming.ts';

const RELAY: MessageRoad = { kind: 'relay', lan: false, rttMs: 40 };
const MESSAGES = 80;

describe('mailbox and sessions into one store, while the receiver crashes, its disk fails and its link flaps', () => {
  for (let seed = 1; seed <= 8; seed++) {
    it(`[DL40] [DL41] [DL47] each message arrives once and in order, acknowledged when it is on disk (seed ${seed})`, async () => {
      const world = new World(seed);
      for (let step = 0; step < 200; step++) await world.step();
      await world.settle();
      expect(world.violations).toEqual([]);
      expect(world.arrived()).toEqual(Array.from({ length: MESSAGES }, (_, index) => index + 1));
      expect(world.mailbox.entries).toEqual([]);
    });
  }
});

class World {
  readonly time = new TestTime();
  readonly mailbox = new TestMailbox();
  readonly violations: string[] = [];
  readonly #random: SeededRandom;
  readonly #answers = new RecordedAnswers();
  /** Number of the message at each position; several mails may carry the same one. */
  readonly #numbers = new Map<number, number>();
  #store: MemoryPeerStore;
  #life = 0;
  #calm = false;
  #linkUp = false;
  #intake!: Intake;
  #reader!: MailReader;
  #gaps!: GapRepair;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed, 'incoming');
    this.#store = new MemoryPeerStore({ sync: () => this.#sync() });
    this.mailbox.pageSize = 8;
    this.#start();
  }

  async step(): Promise<void> {
    const what = this.#upTo(100);
    if (what < 30) this.#mail(1 + this.#upTo(MESSAGES));
    else if (what < 50) this.#send(1 + this.#upTo(MESSAGES));
    else if (what < 55) this.#link(!this.#linkUp);
    else if (what < 58) this.#crash();
    else await this.time.pass(this.#upTo(what < 95 ? 20 : 3_000));
    this.#check();
  }

  async settle(): Promise<void> {
    this.#calm = true;
    this.#link(true);
    for (let n = 1; n <= MESSAGES; n++) {
      if (n % 2 === 0) this.#mail(n);
      else this.#send(n);
      if (n % 30 === 0) await this.time.pass(100);
    }
    await this.time.pass(200_000);
    this.#check();
  }

  arrived(): readonly number[] {
    return [...this.#store.disk.messages.ofChat(BOB, 'in')].sort((a, b) => a.born - b.born).map((row) => row.sequence);
  }

  #start(): void {
    const { clock, wallNow } = this.time;
    const life = ++this.#life;
    const log = silentLog;
    const isFriend = (): boolean => true;
    const store = this.#store;
    this.#gaps = new GapRepair({ clock, log, store, isFriend, answers: this.#answers, onMissing: () => {} });
    this.#intake = new Intake({
      log,
      store,
      wallNow,
      isFriend,
      answers: {
        say: () => {},
        amend: () => {},
        withdraw: () => {},
        oweReceipts: () => {
          if (this.#committedTo() === 0) this.violations.push('a receipt for nothing');
        },
      },
      gaps: this.#gaps,
      ownRepair: { handleGivenBack: async () => {} },
      onMessages: (messages) => {
        for (const { sequence } of messages) {
          if (sequence > this.#committedTo()) this.violations.push(`shown before it was on disk: ${sequence}`);
        }
      },
    });
    const opener = new MailOpener({
      clock,
      log,
      cipher: {
        open: ({ position }) => {
          const contents = [text(this.#numbers.get(position)!)];
          return ok({ from: BOBS, own: false, id: messageId(position) as string as never, contents });
        },
      },
      incoming: this.#intake,
      control: { handleControl: async () => {} },
      copies: { handleCopy: async () => {} },
      answers: this.#answers,
      mayKnow: (account: AccountNumber) => account === BOB,
      learnDevices: async () => true,
      mayTell: () => true,
      onSlot: () => {},
    });
    const reader = new MailReader({
      clock,
      log,
      request: async (request) => {
        // Nobody is left to hear the answer, or to have asked.
        if (life !== this.#life) return new Promise(() => {});
        return this.mailbox.request(request);
      },
      takeMail: (mail) => opener.take(mail),
      mayAck: () => true,
      onAcked: () => {},
    });
    this.#reader = reader;
    this.mailbox.onPush = (frame) => reader.handlePush(frame);
  }

  #link(up: boolean): void {
    this.#linkUp = up;
    if (up) return this.#reader.handleLinkUp();
    this.mailbox.disconnect();
    this.#reader.handleLinkDown();
  }

  #crash(): void {
    this.mailbox.disconnect();
    this.#linkUp = false;
    this.#intake.stop();
    this.#reader.stop();
    this.#gaps.stop();
    this.#store = this.#store.crash();
    this.#start();
  }

  #mail(number: number): void {
    this.mailbox.put(1, (position) => this.#numbers.set(position, number));
  }

  #send(number: number): void {
    this.#intake.accept(BOBS, text(number), RELAY).catch(() => {});
  }

  /** What the mailbox has forgotten is on disk: committed, or held. */
  #check(): void {
    const gone = this.mailbox.acks.at(-1) ?? 0;
    const upTo = this.#committedTo();
    const highestHeld = this.#store.disk.calls.gaps(BOB).at(-1)?.to;
    for (const [position, number] of this.#numbers) {
      if (position > gone || number <= upTo) continue;
      const missing = this.#store.disk.calls.gaps(BOB).some(({ from, to }) => number >= from && number <= to);
      if (missing || highestHeld === undefined) this.violations.push(`forgotten and not on disk: ${number}`);
    }
  }

  #committedTo(): number {
    const [numbering] = this.#store.disk.calls.receivedUpTo(BOB).filter(({ incarnation }) => incarnation === A);
    return numbering?.deliveredUpTo ?? 0;
  }

  async #sync(): Promise<void> {
    const life = this.#life;
    await new Promise<void>((resolve) => {
      this.time.clock.setTimer((this.time.clock.now() + 1 + this.#upTo(10)) as never, resolve);
    });
    if (life === this.#life && !this.#calm && this.#upTo(20) === 0) throw new Error('no space left');
  }

  #upTo(limit: number): number {
    const [high = 0, low = 0] = this.#random.bytes(2);
    return (high * 256 + low) % limit;
  }
}
