import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { AccountNumber } from '@magpie/common/ids.ts';
import { PAGE_ITEMS_MAX } from '@magpie/common/rpc/limits.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { openSqlitePeerStore } from '@magpie/peer/store/sqlite-store.ts';
import type { PeerStore, SearchQuery } from '@magpie/peer/store/store.ts';
import { type Row, row } from '../../scripts/report.ts';
import type { Say } from './command.ts';
import { quantile } from './figures.ts';
import { Corpus } from './history-corpus.ts';
import { type Filled, fillHistory, LARGE_CHAT } from './history-fill.ts';
import { daemonStartMs } from './history-start.ts';

export const HISTORY_MESSAGES_MAX = 5_000_000;
const SIZES_DEFAULT = [100_000, 1_000_000];
/** Searches on up to so many messages are judged as those on 100,000. */
const SMALL_MAX = 100_000;
const SEARCHES = 1_000;
const PAGE = 50;
const TURNS = 15;
const DAEMONS = 5;

/** Searches, pages and starts of a profile with a long history, each size in a file of its own. */
export async function historyBench(messages: number | undefined, say: Say): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const count of messages === undefined ? SIZES_DEFAULT : [messages]) {
    const folder = mkdtempSync(join(tmpdir(), 'magpie-history-'));
    try {
      rows.push(...(await measure(join(folder, 'profile.db'), count, say)));
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  return rows;
}

async function measure(path: string, count: number, say: Say): Promise<readonly Row[]> {
  const folder = dirname(path);
  // The first one makes the identity.
  await daemonStartMs(folder);
  const empty = await daemonsMs(folder);
  const startedMs = performance.now();
  const filled = await fillHistory(path, count);
  const megabytes = statSync(path).size / 1e6;
  say(`${count}: filled in ${seconds(startedMs)} s, ${filled.messages} messages, ${megabytes.toFixed(0)} MB`);
  const starts: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) starts.push(await startMs(path));
  const opens: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) opens.push(await firstPageMs(path));
  const daemons = await daemonsMs(folder);
  const store = await openSqlitePeerStore(path);
  const jumps = await jumpsMs(store, filled);
  const chats = await chatsMs(store);
  const searches = await searchesMs(store, filled, count, say);
  await store.close();
  const limitMs = count <= SMALL_MAX ? 100 : 300;
  const sorted = Float64Array.from(searches).sort();
  say(`${count}: searches p50 ${quantile(sorted, 0.5).toFixed(2)} ms, p99 ${quantile(sorted, 0.99).toFixed(2)} ms`);
  return [
    judged(`search-p95-${count}`, 'search, zh and en, with and without filters', quantile(sorted, 0.95), limitMs),
    row(`search-max-${count}`, 'the slowest of them', quantile(sorted, 1), 'ms', 'measured', true),
    judged(`open-chat-${count}`, 'the first page of the conversation after a start, median', median(opens), 100),
    judged(`jump-${count}`, 'a page around a message anywhere, median', median(jumps), 100),
    judged(`chats-${count}`, 'the list of a thousand conversations, its first page, median', median(chats), 100),
    judged(`start-${count}`, 'the store opened, and asked what a daemon asks, median', median(starts), 1_000),
    row(
      `daemon-empty-${count}`,
      'the daemon of an empty profile, spawned to ready, median',
      median(empty),
      'ms',
      'measured',
      true,
    ),
    judged(`daemon-${count}`, 'the daemon of this profile, spawned to ready, median', median(daemons), 1_000),
  ];
}

async function daemonsMs(folder: string): Promise<readonly number[]> {
  const took: number[] = [];
  for (let turn = 0; turn < DAEMONS; turn++) took.push(await daemonStartMs(folder));
  return took;
}

function judged(id: string, what: string, ms: number, mustMs: number): Row {
  return row(id, what, ms, 'ms', `< ${mustMs}`, ms < mustMs);
}

/** What a daemon asks before it is ready, and for its list of chats. */
async function startMs(path: string): Promise<number> {
  const startedMs = performance.now();
  const store = await openSqlitePeerStore(path);
  await Promise.all([store.profile(), store.settings(), store.contacts(), store.lastChange(), store.drafts()]);
  await Promise.all([store.chatsWithUndelivered(), store.devicesBehind(), store.receiptsOwed(), store.gaps()]);
  const tookMs = performance.now() - startedMs;
  await store.close();
  return tookMs;
}

async function firstPageMs(path: string): Promise<number> {
  const store = await openSqlitePeerStore(path);
  const startedMs = performance.now();
  const page = await store.messages({ chat: LARGE_CHAT, limit: PAGE });
  const tookMs = performance.now() - startedMs;
  await store.close();
  if (page.length !== PAGE) throw new Error(`the first page has ${page.length} messages`);
  return tookMs;
}

async function chatsMs(store: PeerStore): Promise<readonly number[]> {
  const took: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const startedMs = performance.now();
    const chats = await store.chats(PAGE_ITEMS_MAX);
    took.push(performance.now() - startedMs);
    if (chats.length !== PAGE_ITEMS_MAX) throw new Error(`the list has ${chats.length} conversations`);
  }
  return took;
}

async function jumpsMs(store: PeerStore, { messages }: Filled): Promise<readonly number[]> {
  const took: number[] = [];
  const corpus = new Corpus(9);
  for (let turn = 0; turn < TURNS; turn++) {
    const [target] = await store.rows(corpus.below(messages - 1_000), 1, LARGE_CHAT);
    const startedMs = performance.now();
    const page = await store.messages({ chat: LARGE_CHAT, limit: PAGE, around: target!.id });
    took.push(performance.now() - startedMs);
    if (!page.some((message) => message.id === target!.id)) throw new Error('a page around a message lacks it');
  }
  return took;
}

async function searchesMs(store: PeerStore, filled: Filled, count: number, say: Say): Promise<readonly number[]> {
  const corpus = new Corpus(count + 1);
  const took: { readonly query: SearchQuery; readonly ms: number; readonly found: number }[] = [];
  for (let n = 0; n < SEARCHES; n++) {
    const query: SearchQuery = { text: wanted(corpus, n), limit: PAGE, ...filters(corpus, n, filled) };
    const startedMs = performance.now();
    const found = await store.search(query);
    took.push({ query, ms: performance.now() - startedMs, found: found.length });
    const last = found.at(-1);
    if (!last || found.length < PAGE) continue;
    const pageMs = performance.now();
    const more = await store.search({ ...query, before: last.id });
    took.push({ query: { ...query, before: last.id }, ms: performance.now() - pageMs, found: more.length });
  }
  say(`${count}: ${took.length} searches, ${took.filter(({ found }) => found > 0).length} of them found something`);
  const slowest = [...took].sort((a, b) => b.ms - a.ms).slice(0, 5);
  for (const { query, ms, found } of slowest) say(`  ${ms.toFixed(1)} ms, ${found} found: ${JSON.stringify(query)}`);
  return took.map(({ ms }) => ms);
}

/** The worst that people type beside what they usually type: signs that stand everywhere, pairs that stand nowhere. */
const HARD = [
  ...[
    '的',
    '一',
    '是',
    '我',
    '不',
    't',
    'a',
    'th',
    'the',
    'to',
    'o',
    'on',
    '的的',
    '我的',
    '是不',
    '虽坏',
    '一是我',
    '的的的',
  ],
  ...[
    '的 the',
    '的 我 不 在 了',
    't o a',
    'the of and',
    '坏 t',
    '了 meeting',
    'conin',
    'per mar lin',
    'zzzz',
    '一是我不在了',
  ],
];

function wanted(corpus: Corpus, n: number): string {
  if (n % 4 === 0) return HARD[(n / 4) % HARD.length]!;
  const sentence = corpus.message();
  const from = corpus.below(Math.max(1, sentence.length - 4));
  if (n % 4 === 1) return sentence.slice(from, from + 1 + corpus.below(4)) || '的';
  const words = sentence.split(/[ ，]/);
  const word = words[corpus.below(words.length)]!;
  if (n % 4 === 2) return word.slice(0, 1 + corpus.below(word.length));
  return `${word.slice(0, 2 + corpus.below(4))} ${words[0]!.slice(0, 3)}`;
}

function filters(corpus: Corpus, n: number, { firstMs, lastMs }: Filled): Partial<SearchQuery> {
  const at = (firstMs + (lastMs - firstMs) * corpus.chance()) as WallMs;
  const small = (LARGE_CHAT + 1 + corpus.below(40)) as AccountNumber;
  const choices: readonly Partial<SearchQuery>[] = [
    {},
    { chat: LARGE_CHAT },
    { chat: small },
    { since: at },
    { until: at },
    { chat: small, direction: 'in' },
    { since: at, until: (at + 7 * 86_400_000) as WallMs },
  ];
  return choices[n % choices.length]!;
}

function median(values: readonly number[]): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}

function seconds(sinceMs: number): string {
  return ((performance.now() - sinceMs) / 1_000).toFixed(1);
}
