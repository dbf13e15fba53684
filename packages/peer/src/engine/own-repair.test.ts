import { type ContentOf, encodeContent } from '@magpie/common/content/content.ts';
import type { AccountNumber, DeviceId, Incarnation } from '@magpie/common/ids.ts';
import { DEVICES_MAX } from '@magpie/common/limits.ts';
import { silentLog } from '@magpie/common/log.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import type { OwnContent, StoredMessage } from '../store/store.ts';
import type { Answers, Correspondent } from './delivery-ports.ts';
import { OwnRepair } from './own-repair.ts';
import { A, B, BOBS, RecordedAnswers, TestTime, text } from './test-incoming.ts';

const OWN_DEVICE = 'a0'.repeat(16) as DeviceId;

describe('repair of own numberings (DL)', () => {
  let time: TestTime;
  let answers: RecordedAnswers;
  let rows: Map<number, OwnContent>;
  let events: StoredMessage[];
  let isFriend: boolean;
  let repair: OwnRepair;
  beforeEach(() => {
    time = new TestTime();
    answers = new RecordedAnswers();
    rows = new Map();
    events = [];
    isFriend = true;
    repair = makeRepair();
  });

  it('[DL52] asks the friend who has receipted them for own numbers that are lost here', async () => {
    repair.handleReceiptBeyond(BOBS, A, 3);
    await time.pass(0);
    expect(answers.said).toEqual([giveBack(1, 3)]);
  });

  it('[DL52] asks for nothing of the present incarnation, and for nothing that is here', async () => {
    repair.handleReceiptBeyond(BOBS, B, 3);
    for (const sequence of [1, 2, 3]) rows.set(sequence, own(sequence));
    repair.handleReceiptBeyond(BOBS, A, 3);
    repair.handleReceiptBeyond(BOBS, A, 0);
    await time.pass(60_000);
    expect(answers.said).toEqual([]);
  });

  it('[DL53] takes what it asked for, once, and says in the conversation that it came back', async () => {
    repair.handleReceiptBeyond(BOBS, A, 2);
    await time.pass(0);
    await repair.handleGivenBack(BOBS, givenBack(1));
    await repair.handleGivenBack(BOBS, givenBack(1));
    await repair.handleGivenBack(BOBS, givenBack(2));
    expect([...rows.keys()]).toEqual([1, 2]);
    expect(events.map(({ kind, text: words }) => `${kind} ${words}`)).toEqual([
      'text text 1',
      'system restored',
      'text text 2',
    ]);
    await time.pass(600_000);
    expect(answers.said).toHaveLength(1);
    expect(answers.withdrawn).toEqual([giveBack(1, 2)]);
  });

  it('[DL53] drops what it did not ask for: other numbers, other numberings, of another device, no content at all', async () => {
    await repair.handleGivenBack(BOBS, givenBack(1));
    repair.handleReceiptBeyond(BOBS, A, 2);
    await time.pass(0);
    await repair.handleGivenBack(BOBS, givenBack(3));
    await repair.handleGivenBack(BOBS, { type: 'given-back', content: encodeContent(text(1, { incarnation: B })) });
    await repair.handleGivenBack({ ...BOBS, device: 'b1'.repeat(16) as DeviceId }, givenBack(1));
    await repair.handleGivenBack(BOBS, { type: 'given-back', content: new Uint8Array([1, 2, 3]) });
    await repair.handleGivenBack(BOBS, {
      type: 'given-back',
      content: encodeContent({ type: 'cannot-open', ids: [] }),
    });
    const ahead = { wallMs: (time.wallNow() + 25 * 3_600_000) as WallMs, counter: 0 };
    await repair.handleGivenBack(BOBS, { type: 'given-back', content: encodeContent(text(1, { stamp: ahead })) });
    expect([...rows.keys()]).toEqual([]);
    expect(events).toEqual([]);
  });

  it('[DL59] asks anew at once who can be reached, but for all news only once in 10 s', async () => {
    repair.handleReceiptBeyond(BOBS, A, 3);
    await time.pass(100_000);
    const before = answers.said.length;
    for (let news = 0; news < 5; news++) {
      repair.handleReachable(BOBS.device);
      await time.pass(10);
    }
    expect(answers.said.length).toBe(before + 1);
    await time.pass(2_100);
    expect(answers.said.length).toBe(before + 2);
  });

  it('[DL52] asks for at most 64 at a time, and for the next when these are here', async () => {
    repair.handleReceiptBeyond(BOBS, A, 100);
    await time.pass(0);
    for (let sequence = 1; sequence <= 64; sequence++) await repair.handleGivenBack(BOBS, givenBack(sequence));
    await time.pass(0);
    expect(answers.said).toEqual([giveBack(1, 64), giveBack(65, 100)]);
  });

  it('[DL52] asks again, ever more seldom, and at last no more', async () => {
    repair.handleReceiptBeyond(BOBS, A, 2);
    await time.pass(10_000);
    expect(answers.said.length).toBeGreaterThan(1);
    await time.pass(24 * 3_600_000);
    expect(answers.said.length).toBeLessThan(12);
  });

  it('[DL52] lets nobody who invents numberings keep others from giving back', async () => {
    const asked = new Map<DeviceId, number>();
    const say = (to: Correspondent) => asked.set(to.device, (asked.get(to.device) ?? 0) + 1);
    repair = makeRepair(commit, say);
    for (let device = 0; device < DEVICES_MAX; device++) {
      const from = { account: 10_009 as AccountNumber, device: device.toString(16).padStart(32, 'e') as DeviceId };
      for (let n = 0; n < 100; n++) {
        repair.handleReceiptBeyond(from, n.toString(16).padStart(16, '0') as Incarnation, 5);
      }
    }
    repair.handleReceiptBeyond(BOBS, A, 3);
    await time.pass(0);
    expect(asked.get('e'.repeat(31).concat('0') as DeviceId)).toBe(16);
    expect(asked.get(BOBS.device)).toBe(1);
    repair.stop();
  });

  it('[DL52] asks back more numberings than at the same time, the others as those end', async () => {
    const asked: string[] = [];
    repair = makeRepair(commit, (_to, content) => {
      if (content.type === 'give-back') asked.push(content.incarnation);
    });
    for (let n = 1; n <= 20; n++) {
      repair.handleReceiptBeyond(BOBS, n.toString(16).padStart(16, '0') as Incarnation, 1);
    }
    await time.pass(0);
    expect(asked).toHaveLength(16);
    // In vain: each ends for good after some questions.
    await time.pass(3_600_000);
    expect(new Set(asked).size).toBe(20);
    repair.stop();
  });

  it('[DL52] asks no more for what came back and is here under another number', async () => {
    repair = makeRepair(async () => []);
    repair.handleReceiptBeyond(BOBS, A, 1);
    await time.pass(0);
    await repair.handleGivenBack(BOBS, givenBack(1));
    repair.handleReceiptBeyond(BOBS, A, 1);
    await time.pass(600_000);
    repair.handleReceiptBeyond(BOBS, A, 1);
    await time.pass(600_000);
    expect(answers.said).toHaveLength(1);
    expect(events).toEqual([]);
  });

  it('asks nobody who is no friend any more', async () => {
    isFriend = false;
    repair.handleReceiptBeyond(BOBS, A, 2);
    await time.pass(60_000);
    expect(answers.said).toEqual([]);
  });

  function makeRepair(
    commitReturned = commit,
    say: Answers['say'] = (to, content) => answers.say(to, content),
  ): OwnRepair {
    return new OwnRepair({
      clock: time.clock,
      random: new SeededRandom(1, 'ids'),
      log: silentLog,
      store: {
        missingOwn: async (_chat, _device, _incarnation, upTo) => {
          let from = 1;
          while (rows.has(from)) from++;
          let to = from;
          while (to < upTo && !rows.has(to + 1)) to++;
          return from > upTo ? undefined : { from, to };
        },
        commitReturned,
        commitSystem: async (_chat, id, note) => ({ id, kind: 'system', text: note, change: 99 }) as StoredMessage,
        messages: async () => [],
      },
      wallNow: time.wallNow,
      ownDevice: OWN_DEVICE,
      incarnation: () => B,
      isFriend: () => isFriend,
      answers: { say, withdraw: (to, question) => answers.withdraw(to, question) },
      onMessages: (messages) => events.push(...messages),
    });
  }

  async function commit(items: readonly OwnContent[]) {
    return items.map((item) => {
      const { content } = item;
      rows.set(content.sequence, item);
      const words = content.type === 'text' ? content.text : '';
      const message = { id: content.messageId, kind: content.type, text: words, change: content.sequence };
      return { message: message as StoredMessage, touched: [] };
    });
  }

  function own(sequence: number): OwnContent {
    return { chat: BOBS.account, device: OWN_DEVICE, content: text(sequence) };
  }
});

function givenBack(sequence: number): ContentOf<'given-back'> {
  return { type: 'given-back', content: encodeContent(text(sequence)) };
}

function giveBack(from: number, to: number): ContentOf<'give-back'> {
  return { type: 'give-back', conversation: 0, incarnation: A, from, to };
}
