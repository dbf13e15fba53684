import { type ChildProcess, fork } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { toHex } from '@magpie/common/bytes/hex.ts';
import { openSqliteStore, type SqliteStore } from '@magpie/server/store/sqlite-store.ts';
import type { Fence } from '@magpie/server/store/store.ts';
import Database from 'better-sqlite3';
import { type Row, row } from '../../scripts/report.ts';
import type { Say } from './command.ts';
import { none } from './figures.ts';
import type { DrainAnswer, DrainAsk } from './store-drain-client.ts';
import { MailLoad, type MailPair, mailPairsIn, now } from './store-load.ts';

const MESSAGES = 10_000;
const BYTES = 1_024;
const UNDER_WAY = 64;
/** As the server gives them. */
const PAGE = 64;
const PAGE_BYTES = 192 * 1_024;
/** A client is killed after so many questions of its, at most; a page and its acknowledgement are two. */
const QUESTIONS_MAX = 30;
/** And so long after the last of them, at most: while the answer is made, on its way, or being committed. */
const DELAY_MS_MAX = 6;
/** What makes the bench end. */
const LIVES_MAX = 1_000;
/** Between bursts of what is put while the client reads. */
const BURST_PAUSE_MS = 50;

/** 10,000 messages read by a client that is killed again and again, half of them put while it reads. */
export async function drainBench(folder: string, say: Say): Promise<readonly Row[]> {
  const store = await openSqliteStore(join(folder, 'drained.db'));
  const inbox = join(folder, 'client.db');
  try {
    const [pair] = await mailPairsIn(store, 1);
    const load = new MailLoad(store);
    const stored: string[] = [];
    while (stored.length < MESSAGES / 2) await putBurst(load, pair!, stored);
    const startedMs = performance.now();
    const sending = putSlowly(load, pair!, stored);
    const { lives, kills } = await readThrough(store, pair!, inbox, () => stored.length >= MESSAGES);
    await sending;
    const seconds = (performance.now() - startedMs) / 1_000;
    const left = (await store.counts()).mails;
    const { lost, doubled, disordered, repeats } = compared(inbox, stored);
    say(`drain: ${lives} lives of the client, ${kills} of them killed, ${repeats} repeats dropped by id`);
    return [
      none('drain-lost', `of ${stored.length} messages, by a client killed ${kills} times`, lost),
      none('drain-doubled', `kept twice; ${repeats} came again after a kill and were dropped by id`, doubled),
      none('drain-out-of-order', 'kept after one of a higher position', disordered),
      none('drain-left', 'not acknowledged in the end', left),
      row('drain-kills', 'SIGKILLs between pages, commits and acknowledgements', kills, '', '> 0', kills > 0),
      row('drain-seconds', 'of all lives, starts of processes included', seconds, 's', 'measured', true),
    ];
  } finally {
    await store.close();
  }
}

async function putBurst(load: MailLoad, pair: MailPair, stored: string[]): Promise<void> {
  await Promise.all(
    Array.from({ length: Math.min(UNDER_WAY, MESSAGES - stored.length) }, async () => {
      stored.push(await load.put(pair, BYTES));
    }),
  );
}

async function putSlowly(load: MailLoad, pair: MailPair, stored: string[]): Promise<void> {
  while (stored.length < MESSAGES) {
    await putBurst(load, pair, stored);
    await delay(BURST_PAUSE_MS);
  }
}

/** One client after the other, until all is put and nothing waits. */
async function readThrough(
  store: SqliteStore,
  pair: MailPair,
  inbox: string,
  isAllPut: () => boolean,
): Promise<{ readonly lives: number; readonly kills: number }> {
  let [lives, kills] = [0, 0];
  for (;;) {
    const wasAllPut = isAllPut();
    const end = await oneLife(store, await pair.resume(), inbox);
    lives += 1;
    if (end === 'killed') kills += 1;
    else if (wasAllPut || lives >= LIVES_MAX) return { lives, kills };
  }
}

/** A client reads from the beginning of what is left, until it has all or is killed. */
function oneLife(store: SqliteStore, session: Fence, inbox: string): Promise<'killed' | 'done'> {
  const client = fork(new URL('store-drain-client.ts', import.meta.url), [inbox], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let questionsLeft = randomInt(1, QUESTIONS_MAX);
  client.on('message', (question: DrainAsk) => {
    questionsLeft -= 1;
    if (questionsLeft === 0) setTimeout(() => client.kill('SIGKILL'), randomInt(0, DELAY_MS_MAX + 1));
    void answerTo(store, session, question).then((answer) => tell(client, answer));
  });
  return new Promise((resolve, reject) => {
    client.once('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve('killed');
      else if (code === 0) resolve('done');
      else reject(new Error(`the client ended with ${code ?? signal}`));
    });
  });
}

async function answerTo(store: SqliteStore, session: Fence, question: DrainAsk): Promise<DrainAnswer> {
  if (question.ask === 'page') {
    const page = await store.mailAfter(session.device, question.after, now(), PAGE, PAGE_BYTES);
    return { answer: 'page', ...page };
  }
  const acked = await store.ackMail(session, question.upTo);
  if (!acked.ok) throw new Error(acked.error);
  return { answer: 'acked' };
}

/** What a dead client is told is lost with it. */
function tell(client: ChildProcess, answer: DrainAnswer): void {
  if (client.connected) client.send(answer, () => {});
}

function compared(inbox: string, stored: readonly string[]) {
  const db = new Database(inbox, { readonly: true });
  const got = db.prepare('SELECT id, position FROM got ORDER BY n').all() as { id: Uint8Array; position: number }[];
  const repeats = db.prepare('SELECT coalesce(sum(count), 0) FROM repeats').pluck().get() as number;
  db.close();
  const ids = new Set(got.map(({ id }) => toHex(id)));
  let [disordered, highest] = [0, 0];
  for (const { position } of got) {
    if (position < highest) disordered += 1;
    highest = Math.max(highest, position);
  }
  const lost = stored.filter((id) => !ids.has(id)).length;
  return { lost, doubled: got.length - ids.size, disordered, repeats };
}
