import { toHex } from '@magpie/common/bytes/hex.ts';
import { MAILBOX_STEP_MAX, nextLink, walkLinks } from '@magpie/common/channel/mailbox-key.ts';
import { describe, expect, it } from 'vitest';
import { MAILBOX_CHAINS_MAX, MAILBOX_STEPS_AHEAD_MAX } from './limits.ts';
import { linkOf, withNewChain, withoutSpent, withPublished } from './mailbox-chains.ts';
import type { MailboxLinks } from './mailbox-key-keeper.ts';

const DAY = 86_400_000;
const NONE: MailboxLinks = { chains: [] };
const random = { bytes: (length: number) => new Uint8Array(length).fill(7) };

describe('links that are forgotten', () => {
  it('[MB6] go three weeks after their successor was published, and not a moment before', () => {
    // Steps on days 0, 7, 14, 21, 28: link 0 was followed on day 7.
    const links = withPublished(withNewChain(NONE, 1, 0, random), 4, 28 * DAY);
    const needed = { generation: 1, step: 4 };
    expect(oldest(withoutSpent(links, needed, 28 * DAY - 1))).toBe(0);
    expect(oldest(withoutSpent(links, needed, 28 * DAY))).toBe(1);
    expect(oldest(withoutSpent(links, needed, 35 * DAY - 1))).toBe(1);
    expect(oldest(withoutSpent(links, needed, 35 * DAY))).toBe(2);
    expect(oldest(withoutSpent(links, needed, 48 * DAY))).toBe(3);
    expect(oldest(withoutSpent(links, needed, 49 * DAY))).toBe(4);
    expect(oldest(withoutSpent(links, needed, 900 * DAY))).toBe(4);
  });

  it('[MB6] stay, however old, while an envelope waits for them or for an older one', () => {
    const links = withPublished(withNewChain(NONE, 1, 0, random), 9, 63 * DAY);
    expect(oldest(withoutSpent(links, { generation: 1, step: 2 }, 900 * DAY))).toBe(2);
    const two = withNewChain(links, 2, 63 * DAY, random);
    const left = withoutSpent(two, { generation: 1, step: 2 }, 900 * DAY);
    expect(left.chains.map(({ generation }) => generation)).toEqual([1, 2]);
    expect(oldest(left)).toBe(0);
  });

  it('[MB6] of an older chain go together, three weeks after the newest chain was first published', () => {
    const links = withNewChain(withPublished(withNewChain(NONE, 1, 0, random), 2, 14 * DAY), 2, 20 * DAY, random);
    const needed = { generation: 2, step: 0 };
    const generations = (nowMs: number) => withoutSpent(links, needed, nowMs).chains.map((chain) => chain.generation);
    expect(generations(41 * DAY - 1)).toEqual([1, 2]);
    expect(generations(41 * DAY)).toEqual([2]);
  });

  it('[MB6] stay when the clock has gone back, or the server names a chain that is not here', () => {
    const links = withPublished(withNewChain(NONE, 1, 0, random), 4, 28 * DAY);
    expect(withoutSpent(links, { generation: 1, step: 4 }, 0)).toEqual(links);
    expect(withoutSpent(links, { generation: 2, step: 0 }, 900 * DAY)).toBe(links);
    expect(withoutSpent(NONE, { generation: 1, step: 0 }, 900 * DAY)).toBe(NONE);
  });

  it('[MB6] are out of reach then, and every later one is what it was', () => {
    const links = withPublished(withNewChain(NONE, 1, 0, random), 4, 28 * DAY);
    const left = withoutSpent(links, { generation: 1, step: 4 }, 42 * DAY);
    expect(oldest(left)).toBe(3);
    expect(linkOf(left, { generation: 1, step: 2 })).toBeUndefined();
    for (const step of [3, 4, 5]) {
      expect(toHex(linkOf(left, { generation: 1, step })!)).toBe(toHex(walkLinks(random.bytes(32), step)));
    }
  });
});

describe('links that are asked for', () => {
  it('[MB5] may be ahead of what is published, within reason, but only in the newest chain', () => {
    const links = withNewChain(withNewChain(NONE, 1, 0, random), 2, 0, random);
    expect(linkOf(links, { generation: 2, step: 1 })).toEqual(nextLink(random.bytes(32)));
    expect(linkOf(links, { generation: 2, step: MAILBOX_STEPS_AHEAD_MAX })).toBeDefined();
    expect(linkOf(links, { generation: 2, step: MAILBOX_STEPS_AHEAD_MAX + 1 })).toBeUndefined();
    expect(linkOf(links, { generation: 2, step: 2 ** 32 - 1 })).toBeUndefined();
    expect(linkOf(links, { generation: 1, step: 0 })).toBeDefined();
    expect(linkOf(links, { generation: 1, step: 1 })).toBeUndefined();
    expect(linkOf(links, { generation: 3, step: 0 })).toBeUndefined();
    const last = withPublished(links, MAILBOX_STEP_MAX, 0);
    expect(linkOf(last, { generation: 2, step: MAILBOX_STEP_MAX + 1 })).toBeUndefined();
  });

  it('[MB7] are of no more than a few chains, the newest', () => {
    let links = NONE;
    for (let generation = 1; generation <= MAILBOX_CHAINS_MAX + 3; generation++) {
      links = withNewChain(links, generation, 0, random);
    }
    expect(links.chains.map(({ generation }) => generation)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
  });
});

function oldest(links: MailboxLinks): number | undefined {
  return links.chains.at(-1)?.oldestStep;
}
