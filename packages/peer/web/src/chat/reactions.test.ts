import { describe, expect, it } from 'vitest';
import { countReactions } from './reactions.tsx';

describe('the reactions of a message', () => {
  it('count each sign once, in the order in which it came, and know the own one', () => {
    const reactions = [
      { emoji: '👍', mine: false },
      { emoji: '🎉', mine: true },
      { emoji: '👍', mine: true },
    ];
    expect(countReactions({ reactions })).toEqual([
      { emoji: '👍', count: 2, mine: true },
      { emoji: '🎉', count: 1, mine: true },
    ]);
  });
});
