import type { NumberedContent } from '@magpie/common/content/content.ts';
import type { DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import { CHANGE_MS_MAX } from '@magpie/common/limits.ts';
import { MemoryState } from '@magpie/peer/store/memory-state.ts';
import { createCalls } from '@magpie/peer/store/sqlite-calls.ts';
import { openDatabase } from '@magpie/peer/store/sqlite-open.ts';
import type { StoredMessage } from '@magpie/peer/store/store.ts';
import type { SyncCalls } from '@magpie/peer/store/store-call-names.ts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BOB, DIRECT, PROFILE, stamp, wall } from './peer-store-samples.ts';

const EMOJI = ['👍', '🎉'];
const DEVICES = [0, 1, 2, 3];

/** One content of either side, as two accounts with two devices each make them. */
interface Said {
  readonly by: 'alice' | 'bob' | 'returned';
  readonly device: DeviceId;
  readonly content: NumberedContent;
}

/** What anybody may say at any time: late, too late, about what is not there, about what is not theirs. */
const saying = fc.record({
  device: fc.constantFrom(...DEVICES),
  type: fc.constantFrom('text', 'text', 'nudge', 'edit', 'edit', 'recall', 'reaction', 'reaction', 'void'),
  target: fc.nat(12),
  wallMs: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(CHANGE_MS_MAX, CHANGE_MS_MAX + 3)),
  emoji: fc.constantFrom(...EMOJI),
  on: fc.boolean(),
});

describe('the same contents', () => {
  it('[R16] are the same conversation on every device, on both sides and in both engines, whatever the order', () => {
    void fc.assert(
      fc.property(fc.array(saying, { minLength: 1, maxLength: 24 }), fc.integer(), fc.integer(), (all, one, other) => {
        const said = numberedBy(all);
        const first = playedTo(new MemoryState().calls, 'alice', shuffled(said, one));
        const second = playedTo(createCalls(openDatabase(':memory:')), 'alice', shuffled(said, other));
        const friend = playedTo(new MemoryState().calls, 'bob', shuffled(said, other));
        expect(second).toEqual(first);
        expect(friend).toEqual(first);
      }),
      { numRuns: 150 },
    );
  });

  it('[DL58] look as the own devices say that sent them, whatever a friend made up of them and gave back before', () => {
    const invented = fc.record({
      type: fc.constantFrom('text', 'nudge', 'edit', 'reaction', 'void'),
      target: fc.nat(12),
      wallMs: fc.integer({ min: 1, max: 9 }),
      emoji: fc.constantFrom(...EMOJI),
      on: fc.boolean(),
    });
    void fc.assert(
      fc.property(
        fc.array(fc.tuple(saying, fc.option(invented)), { minLength: 1, maxLength: 24 }),
        fc.integer(),
        (all, order) => {
          const said = numberedBy(all.map(([one]) => one));
          const returned = said.flatMap(({ by, content }, n): readonly Said[] => {
            const changes = all[n]?.[1];
            if (by === 'bob' || !changes) return [];
            const { type, target, wallMs, emoji, on } = changes;
            const fields = { ...numberOf(content), stamp: stamp(wallMs, 5) };
            const device = 'ee'.repeat(16) as DeviceId;
            return [{ by: 'returned', device, content: contentOf(type, fields, idOf(target), emoji, on, n + 100) }];
          });
          const expected = playedTo(new MemoryState().calls, 'alice', said);
          const first = playedTo(new MemoryState().calls, 'alice', shuffled([...said, ...returned], order));
          const second = playedTo(
            createCalls(openDatabase(':memory:')),
            'alice',
            shuffled([...returned, ...said], ~order),
          );
          expect(first).toEqual(expected);
          expect(second).toEqual(expected);
        },
      ),
      { numRuns: 100 },
    );
  });
});

/** Everything that one device of `who` was told, and what it shows then: whose is whose, rather than in and out. */
function playedTo(calls: SyncCalls, who: 'alice' | 'bob', said: readonly Said[]): readonly object[] {
  calls.saveProfile(PROFILE);
  for (const { by, device, content } of said) {
    if (by === 'returned') calls.commitReturned([{ chat: BOB, device, content }], wall(1));
    else if (by === who) calls.commitCopies([{ chat: BOB, device, refused: false, content }], wall(1));
    else calls.commitIncoming([{ chat: BOB, device, content, road: DIRECT, hold: true }], wall(1));
  }
  return calls.messages({ chat: BOB, limit: 1_000 }).map((message) => shownTo(who, message));
}

function shownTo(who: 'alice' | 'bob', message: StoredMessage): object {
  const other = who === 'alice' ? 'bob' : 'alice';
  const { id, device, stamp: at, kind, text, editedAt, recalled, returned } = message;
  return {
    ...{ id, device, at, kind, text, editedAt, recalled, returned },
    by: message.direction === 'out' ? who : other,
    reactions: message.reactions.map(({ emoji, mine }) => [emoji, mine ? who : other]),
  };
}

function numberedBy(all: readonly (typeof saying extends fc.Arbitrary<infer T> ? T : never)[]): readonly Said[] {
  const given = new Map<number, number>();
  return all.map(({ device, type, target, wallMs, emoji, on }, n) => {
    const sequence = (given.get(device) ?? 0) + 1;
    given.set(device, sequence);
    const fields = {
      messageId: idOf(n),
      conversation: 0,
      incarnation: `${device}${device}`.repeat(8) as Incarnation,
      sequence,
      stamp: stamp(wallMs, n % 3),
    };
    const about = idOf(target);
    return {
      by: device < 2 ? 'alice' : 'bob',
      device: `${device}${device}`.repeat(16) as DeviceId,
      content: contentOf(type, { ...fields }, about, emoji, on, n),
    };
  });
}

function numberOf({ messageId, conversation, incarnation, sequence, stamp }: NumberedContent) {
  return { messageId, conversation, incarnation, sequence, stamp };
}

function contentOf(
  type: string,
  fields: Omit<Extract<NumberedContent, { type: 'void' }>, 'type'>,
  target: MessageId,
  emoji: string,
  on: boolean,
  n: number,
): NumberedContent {
  switch (type) {
    case 'text':
      return { type: 'text', ...fields, text: `text ${n}`, replyTo: undefined };
    case 'edit':
      return { type: 'edit', ...fields, target, text: `edited ${n}` };
    case 'recall':
      return { type: 'recall', ...fields, target };
    case 'reaction':
      return { type: 'reaction', ...fields, target, emoji, on };
    case 'nudge':
      return { type: 'nudge', ...fields };
    default:
      return { type: 'void', ...fields };
  }
}

function idOf(n: number): MessageId {
  return (n + 1).toString(16).padStart(32, '0') as MessageId;
}

/** A permutation that the seed decides. */
function shuffled<T>(items: readonly T[], seed: number): readonly T[] {
  const place = (n: number): number => Math.imul(n + 1, 2_654_435_761 ^ seed) >>> 0;
  return items
    .map((item, n) => ({ item, at: place(n) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
