import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { openDatabase } from '@magpie/peer/store/sqlite-open.ts';
import { openSqlitePeerStore } from '@magpie/peer/store/sqlite-store.ts';
import type { IncomingContent, Profile } from '@magpie/peer/store/store.ts';
import { Corpus } from './history-corpus.ts';

/** The conversation that has all the messages that were asked for. */
export const LARGE_CHAT = 10_002 as AccountNumber;
/** Beside it stand as many small ones, a thousand in all, with a tenth of the messages together. */
const SMALL_CHATS = 999;
const SMALL_SHARE = 0.1;

const OWN_DEVICE = '0a'.repeat(16) as DeviceId;
const THEIR_DEVICE = 'b0'.repeat(16) as DeviceId;
const OWN_INCARNATION = 'aa'.repeat(8) as Incarnation;
const THEIR_INCARNATION = 'f1'.repeat(8) as Incarnation;
const OWN_BEFORE = 'a9'.repeat(8) as Incarnation;
const THEIR_BEFORE = 'f0'.repeat(8) as Incarnation;
const BEGINS_MS = Date.UTC(2019, 0, 1);
/** Some four years for a million. */
const BETWEEN_MS = 120_000;
const UNREAD = 200;
const QUEUED = 20;
const TOGETHER = 20_000;

export interface Filled {
  readonly messages: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/**
 * Makes a profile's database with `count` messages in one conversation and some in others. The rows are written as the
 * store would write them, by its own connection with its own index, but many in one transaction.
 */
export async function fillHistory(path: string, count: number): Promise<Filled> {
  const store = await openSqlitePeerStore(path);
  await store.saveProfile(profile());
  await store.applyRoster(
    Array.from({ length: SMALL_CHATS + 1 }, (_, n) => friend(LARGE_CHAT + n)),
    1,
  );
  await store.meetDevices(LARGE_CHAT, [THEIR_DEVICE]);
  await store.close();
  const total = count + Math.floor(count * SMALL_SHARE);
  const corpus = new Corpus(count);
  const db = openDatabase(path);
  // Only how it is made is faster for it.
  db.pragma('synchronous = OFF');
  db.pragma('cache_size = -262144');
  const insert = db.prepare(`
    INSERT INTO message (id, chat, direction, device, incarnation, sequence, wall_ms, counter, kind, shown, text, state,
      reason, change, born, owed, committed_ms)
    VALUES (@id, @chat, @direction, @device, @incarnation, @n, @wallMs, 0, 'text', 1, @text, @state, '', @n, @n, @owed,
      @wallMs)`);
  const some = db.transaction((from: number) => {
    for (let n = from; n < Math.min(from + TOGETHER, total + 1); n++) insert.run(rowOf(n, corpus));
  });
  for (let from = 1; from <= total; from += TOGETHER) some(from);
  db.close();
  await addNewest(path, corpus);
  return { messages: total, firstMs: BEGINS_MS, lastMs: BEGINS_MS + total * BETWEEN_MS };
}

/** What has not been read, and what has not been delivered, by the calls of the store. */
async function addNewest(path: string, corpus: Corpus): Promise<void> {
  const store = await openSqlitePeerStore(path);
  const now = Date.now() as WallMs;
  const id = (n: number) => n.toString(16).padStart(32, 'e') as MessageId;
  const unread = Array.from({ length: UNREAD }, (_, n): IncomingContent => {
    const numbered = { messageId: id(n), conversation: 0, incarnation: THEIR_INCARNATION, sequence: n + 1 };
    const stamp = { wallMs: (now + n) as WallMs, counter: 0 };
    const content = { type: 'text', ...numbered, stamp, text: corpus.message(), replyTo: undefined } as const;
    return {
      chat: LARGE_CHAT,
      device: THEIR_DEVICE,
      content,
      road: { kind: 'relay', lan: false, rttMs: 9 },
      hold: false,
    };
  });
  await store.commitIncoming(unread, now);
  for (let n = 0; n < QUEUED; n++) {
    const content = {
      id: id(UNREAD + n),
      chat: LARGE_CHAT,
      device: OWN_DEVICE,
      kind: 'text',
      text: corpus.message(),
    } as const;
    await store.commitOutgoing(content, now);
  }
  await store.close();
}

function rowOf(n: number, corpus: Corpus) {
  const isOut = corpus.chance() < 0.5;
  const isSmall = corpus.chance() < SMALL_SHARE / (1 + SMALL_SHARE);
  const state = isOut ? 'delivered' : 'read';
  const id = Buffer.alloc(16);
  id.writeUInt32BE(n, 12);
  return {
    id,
    chat: isSmall ? LARGE_CHAT + 1 + corpus.below(SMALL_CHATS) : LARGE_CHAT,
    direction: isOut ? 'out' : 'in',
    device: Buffer.from(isOut ? OWN_DEVICE : THEIR_DEVICE, 'hex'),
    incarnation: Buffer.from(isOut ? OWN_BEFORE : THEIR_BEFORE, 'hex'),
    n,
    wallMs: BEGINS_MS + n * BETWEEN_MS,
    text: corpus.message(),
    state,
    owed: 0,
  };
}

function friend(account: number): RosterEntry {
  return {
    account: account as AccountNumber,
    name: `friend_${account}` as AccountName,
    displayName: `Friend ${account}`,
    state: 'member',
    version: 1,
    accountKey: new Uint8Array(32).fill(1),
    deviceList: new Uint8Array(),
    text: '',
    signatureLine: '',
  };
}

function profile(): Profile {
  return {
    account: 10_001 as AccountNumber,
    name: 'alice' as AccountName,
    displayName: 'Alice',
    serverHost: '127.0.0.1',
    serverPort: 1,
    serverKey: new Uint8Array(32).fill(7),
    signedIn: false,
    incarnation: OWN_INCARNATION,
    loginCount: 1,
    rosterVersion: 0,
    stampReserved: 1_700_000_000_000_000,
    deviceListVersion: 1,
    signatureLine: '',
    recoveryUnseen: false,
  };
}
