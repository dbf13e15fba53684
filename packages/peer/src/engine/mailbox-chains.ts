import {
  LINK_SECRET_BYTES,
  MAILBOX_STEP_MAX,
  type MailboxKeyId,
  type MailboxKeyPair,
  mailboxKeyPairOf,
  walkLinks,
} from '@magpie/common/channel/mailbox-key.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { MAILBOX_CHAINS_MAX, MAILBOX_LINK_KEPT_MS, MAILBOX_STEP_MS, MAILBOX_STEPS_AHEAD_MAX } from './limits.ts';
import type { MailboxChain, MailboxLinks } from './mailbox-key-keeper.ts';

// What becomes of the links of this device (R9): values in, values out. Nothing here is saved or published.

export function currentChain(links: MailboxLinks): MailboxChain | undefined {
  return links.chains.at(-1);
}

export function keyIdOf({ generation, publishedStep }: MailboxChain): MailboxKeyId {
  return { generation, step: publishedStep };
}

/** @param generation above all that are there */
export function withNewChain(
  links: MailboxLinks,
  generation: number,
  nowMs: number,
  random: RandomSource,
): MailboxLinks {
  const chain: MailboxChain = {
    generation,
    oldestStep: 0,
    oldestSecret: Uint8Array.from(random.bytes(LINK_SECRET_BYTES)),
    publishedStep: 0,
    publishedAtMs: nowMs,
  };
  return { chains: [...links.chains, chain].slice(-MAILBOX_CHAINS_MAX) };
}

/** The newest chain with another step published, or the same one anew. */
export function withPublished(links: MailboxLinks, publishedStep: number, publishedAtMs: number): MailboxLinks {
  const current = currentChain(links);
  if (!current) return links;
  return { chains: [...links.chains.slice(0, -1), { ...current, publishedStep, publishedAtMs }] };
}

/**
 * What is left when the links that nobody needs any more are forgotten: no envelope for them waits, and their successor
 * was published MAILBOX_LINK_KEPT_MS ago.
 *
 * Only the newest publication has its time on record. Steps are a week apart or more, so that those before it were
 * published at least so many weeks earlier; links of older chains have the first key of the newest as their successor.
 *
 * @param needed the oldest key that an envelope waits for, or the published one when none does
 */
export function withoutSpent(links: MailboxLinks, needed: MailboxKeyId, nowMs: number): MailboxLinks {
  const current = currentChain(links);
  if (!current || needed.generation > current.generation) return links;
  const sincePublishedMs = nowMs - current.publishedAtMs;
  const sinceBegunMs = sincePublishedMs + current.publishedStep * MAILBOX_STEP_MS;
  const older = links.chains
    .slice(0, -1)
    .filter((chain) => sinceBegunMs < MAILBOX_LINK_KEPT_MS || chain.generation >= needed.generation);
  if (needed.generation < current.generation) return { chains: [...older, current] };
  const successorsKept = Math.max(0, Math.ceil((MAILBOX_LINK_KEPT_MS - sincePublishedMs) / MAILBOX_STEP_MS));
  const oldestStep = Math.min(needed.step, current.publishedStep - successorsKept);
  return { chains: [...older, shortened(current, oldestStep)] };
}

/** @returns the secret of a link, or undefined: its chain is unknown, it is deleted already, or too far ahead */
export function linkOf(links: MailboxLinks, id: MailboxKeyId): Uint8Array | undefined {
  const chain = links.chains.find(({ generation }) => generation === id.generation);
  if (!chain || id.step < chain.oldestStep) return undefined;
  const ahead = chain === currentChain(links) ? MAILBOX_STEPS_AHEAD_MAX : 0;
  if (id.step > Math.min(MAILBOX_STEP_MAX, chain.publishedStep + ahead)) return undefined;
  return walkLinks(chain.oldestSecret, id.step - chain.oldestStep);
}

/** As `linkOf`, its keys. */
export function pairOf(links: MailboxLinks, id: MailboxKeyId): MailboxKeyPair | undefined {
  const link = linkOf(links, id);
  return link && mailboxKeyPairOf(link);
}

function shortened(chain: MailboxChain, oldestStep: number): MailboxChain {
  if (oldestStep <= chain.oldestStep) return chain;
  const oldestSecret = walkLinks(chain.oldestSecret, oldestStep - chain.oldestStep);
  return { ...chain, oldestStep, oldestSecret };
}
