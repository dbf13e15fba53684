import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TestFace, testFace, turn } from './test-face.ts';
import { rowOf } from './test-rows.ts';

const CHATS = ['10002', '10003', '10004'] as const;
const chat = fc.constantFrom(...CHATS);
const part = fc.nat({ max: 99 });

/** What may happen, with numbers that name rows by their share of the history. */
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('receive' as const), chat, count: fc.integer({ min: 1, max: 30 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('receiveLate' as const), chat, part }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('change' as const), chat, part }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), chat, part }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('send' as const), chat }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('type' as const), chat }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('open' as const), chat }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('openAt' as const), chat, part }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), chat, part }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('older' as const), chat }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('newer' as const), chat }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('follow' as const), chat, on: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('drop' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('look' as const), late: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('hurry' as const) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 40 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 1_000 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

describe('a face whose connection breaks anywhere', () => {
  it('loses and doubles no row, and ends with what the daemon has', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 80 }), async (steps) => {
        const face = testFace();
        const written: string[] = [];
        for (const id of CHATS) face.daemon.befriend(id);
        for (let each = 0; each < 90; each++) face.daemon.keep(rowOf({ chat: '10002', state: 'read' }));
        face.view.start();
        for (const each of steps) {
          if (each.do === 'settle') await face.settle();
          else take(face, each, written);
          await turn();
          expectWhole(face);
        }
        await face.settle();
        expectSame(face, written);
      }),
      { numRuns: 150 },
    );
  }, 60_000);
});

function take(
  { daemon, view, clock, state }: TestFace,
  step: Exclude<Step, { do: 'settle' }>,
  written: string[],
): void {
  switch (step.do) {
    case 'receive':
      for (let each = 0; each < step.count; each++) daemon.receive(step.chat);
      break;
    case 'receiveLate': {
      const before = rowAt(daemon.conversation(step.chat), step.part);
      if (before) daemon.receive(step.chat, { at: before.at, counter: before.counter + 1, device: 'e'.repeat(32) });
      break;
    }
    case 'change': {
      const row = rowAt(daemon.conversation(step.chat), step.part);
      if (row) daemon.keep({ ...row, text: `${row.text}!` });
      break;
    }
    case 'delete': {
      const row = rowAt(daemon.conversation(step.chat), step.part);
      if (row?.direction === 'in') daemon.delete(step.chat, [row.id]);
      break;
    }
    case 'send': {
      const text = `own ${written.length}`;
      if (view.send(step.chat, text)) written.push(text);
      break;
    }
    case 'type':
      view.setDraft(step.chat, `draft ${daemon.change}`, undefined);
      break;
    case 'open':
      view.openChat(step.chat);
      break;
    case 'openAt': {
      const row = rowAt(daemon.conversation(step.chat), step.part);
      if (row) view.openChat(step.chat, row.id);
      break;
    }
    case 'read': {
      const row = rowAt(state().conversations.get(step.chat)?.rows ?? [], step.part);
      if (row) view.markRead(step.chat, row.id);
      break;
    }
    case 'older':
      view.loadOlder(step.chat);
      break;
    case 'newer':
      view.loadNewer(step.chat);
      break;
    case 'follow':
      view.setFollowing(step.chat, step.on);
      break;
    case 'drop':
      daemon.drop();
      break;
    case 'look':
      daemon.look(step.late);
      break;
    case 'hurry':
      daemon.hurry();
      break;
    case 'deliver':
      daemon.deliver(step.count);
      break;
    case 'wait':
      clock.advance(step.ms);
      break;
  }
}

/** At any moment: no row twice, none both pending and there. */
function expectWhole({ state }: TestFace): void {
  for (const { rows, pending } of state().conversations.values()) {
    const ids = [...rows, ...pending].map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  }
}

function expectSame(face: TestFace, written: readonly string[]): void {
  const { daemon, state } = face;
  for (const [id, { rows, pending, atStart, atEnd, loading }] of state().conversations) {
    const truth = daemon.conversation(id);
    const from = rows.length === 0 ? (atEnd ? truth.length : 0) : truth.findIndex((row) => row.id === rows[0]!.id);
    expect(rows).toEqual(truth.slice(from, from + rows.length));
    if (atStart) expect(from).toBe(0);
    if (atEnd) expect(from + rows.length).toBe(truth.length);
    expect(pending).toEqual([]);
    expect(loading).toBe('none');
  }
  const sent = [...daemon.rows.values()]
    .filter(({ row }) => row.direction === 'out')
    .map(({ row }) => row.text.replace(/!+$/, ''));
  expect(sent.sort()).toEqual([...written].sort());
  for (const id of CHATS) {
    const own = daemon.conversation(id).filter(({ direction }) => direction === 'out');
    const order = own.map(({ text }) => Number(text.replace(/\D/g, '')));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(state().contacts.get(id)).toEqual(daemon.contact(id));
  }
  expect([...state().chats.values()].sort(byId)).toEqual(daemon.chats().sort(byId));
  const texts = (drafts: Iterable<{ readonly chat: string; readonly text: string }>): object =>
    Object.fromEntries([...drafts].map(({ chat, text }) => [chat, text]));
  expect(texts(state().drafts.values())).toEqual(texts(daemon.drafts.values()));
}

function rowAt<T>(rows: readonly T[], share: number): T | undefined {
  return rows[Math.floor((rows.length * share) / 100)];
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
