// A client that reads its mailbox into a database of its own and may be killed at any moment.
import type { StoredMail } from '@magpie/server/store/store.ts';
import Database from 'better-sqlite3';

/** What it asks of its parent; each is answered before the next. */
export type DrainAsk =
  | { readonly ask: 'page'; readonly after: number }
  | { readonly ask: 'ack'; readonly upTo: number };

export type DrainAnswer =
  | { readonly answer: 'page'; readonly entries: readonly StoredMail[]; readonly last: boolean }
  | { readonly answer: 'acked' };

const db = new Database(process.argv[2]!);
db.pragma('journal_mode = WAL');
db.pragma('synchronous = FULL');
// Not unique by id: that it is kept once is what has to be shown.
db.exec(`CREATE TABLE IF NOT EXISTS got (n INTEGER PRIMARY KEY, id BLOB NOT NULL, position INTEGER NOT NULL);
  CREATE INDEX IF NOT EXISTS got_by_id ON got (id);
  CREATE TABLE IF NOT EXISTS repeats (count INTEGER NOT NULL);`);
const known = db.prepare('SELECT 1 FROM got WHERE id = ?').pluck();
const keep = db.prepare('INSERT INTO got (id, position) VALUES (?, ?)');
const noteRepeats = db.prepare('INSERT INTO repeats VALUES (?)');

const commit = db.transaction((entries: readonly StoredMail[]): void => {
  let repeats = 0;
  for (const { envelope, position } of entries) {
    const id = envelope.subarray(0, 16);
    if (known.get(id) === undefined) keep.run(id, position);
    else repeats += 1;
  }
  if (repeats > 0) noteRepeats.run(repeats);
});

let isLast = false;
let newest = 0;

function ask(what: DrainAsk): void {
  process.send!(what);
}

process.on('message', (message: DrainAnswer) => {
  if (message.answer === 'page') {
    isLast = message.last;
    newest = message.entries.at(-1)?.position ?? newest;
    if (message.entries.length === 0) process.exit(0);
    commit(message.entries);
    ask({ ask: 'ack', upTo: newest });
  } else if (isLast) process.exit(0);
  else ask({ ask: 'page', after: newest });
});
process.on('disconnect', () => process.exit(1));
ask({ ask: 'page', after: 0 });
