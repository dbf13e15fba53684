import type { DeviceId } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { MemoryPeerStore } from '../store/memory-store.ts';
import type { MessageRoad, StoredMessage } from '../store/store.ts';
import { StoreError } from '../store/store-error.ts';
import type { Correspondent, IncomingContent } from './delivery-ports.ts';
import { Intake, NoRoomError } from './intake.ts';
import { A, BOB, BOBS, messageId, RecordedAnswers, settled, TestTime, text } from './test-incoming.ts';

const RELAY: MessageRoad = { kind: 'relay', lan: false, rttMs: 40 };
const MAILBOX: MessageRoad = { kind: 'mailbox', lan: false, rttMs: 0 };

describe('intake (DL)', () => {
  let time: TestTime;
  let answers: RecordedAnswers;
  /** Resolves or rejects the sync under way. */
  let syncs: { resolve(): void; reject(cause: Error): void }[];
  let syncCount: number;
  let store: MemoryPeerStore;
  let events: [string, boolean][];
  let friends: boolean;
  let watched: string[];
  let givenBack: number;
  let intake: Intake;
  beforeEach(() => {
    time = new TestTime();
    answers = new RecordedAnswers();
    syncs = [];
    syncCount = 0;
    store = new MemoryPeerStore({
      sync: () => {
        syncCount += 1;
        return new Promise((resolve, reject) => {
          syncs.push({ resolve, reject });
        });
      },
    });
    events = [];
    friends = true;
    watched = [];
    givenBack = 0;
    intake = makeIntake();
  });

  it('[DL41] resolves, shows and acknowledges after the commit, and not before', async () => {
    const done = track(accept(text(1), RELAY));
    await settled();
    expect([done.state, events, answers.owed]).toEqual(['pending', [], []]);
    await land();
    expect(done.state).toBe('resolved');
    expect(events).toEqual([['text 1', true]]);
    expect(answers.owed).toEqual([BOBS.device]);
  });

  it('[DL41] neither acknowledges nor shows what the store could not commit, and takes it anew later', async () => {
    const done = track(accept(text(1), RELAY));
    const mailed = track(accept(text(3), MAILBOX));
    await settled();
    syncs.shift()!.reject(new Error('full'));
    await settled();
    expect([done.state, mailed.state]).toEqual(['rejected', 'rejected']);
    expect(done.cause).toBeInstanceOf(StoreError);
    expect([events, answers.owed]).toEqual([[], []]);
    const again = track(accept(text(1), RELAY));
    await land();
    expect(again.state).toBe('resolved');
    expect(events).toEqual([['text 1', true]]);
  });

  it('[DL8] nobody waits for the doubles of what a session brings ahead of its turn', async () => {
    const first = track(accept(text(2), RELAY));
    const doubles = Array.from({ length: 100 }, () => track(accept(text(2), RELAY)));
    await settled();
    expect(first.state).toBe('pending');
    expect(doubles.every(({ state }) => state === 'resolved')).toBe(true);
    const mailed = track(accept(text(2), MAILBOX));
    const missing = track(accept(text(1), RELAY));
    while (syncs.length > 0) await land();
    expect([first.state, mailed.state, missing.state]).toEqual(['resolved', 'resolved', 'resolved']);
    expect(events.map(([words]) => words)).toEqual(['text 1', 'text 2']);
  });

  it('[DL40] a burst of several devices takes one sync, and what comes meanwhile another', async () => {
    const other: Correspondent = { account: BOB, device: 'b1'.repeat(16) as DeviceId };
    for (let n = 1; n <= 50; n++) void accept(text(n), n % 2 ? RELAY : MAILBOX);
    void intake.accept(other, text(1, { messageId: messageId(101) }), RELAY);
    await settled();
    expect(syncCount).toBe(1);
    for (let n = 51; n <= 60; n++) void accept(text(n), MAILBOX);
    await land();
    expect(syncCount).toBe(2);
    await land();
    expect(events).toHaveLength(61);
  });

  it('[DL40] takes one message by two roads as one', async () => {
    const first = track(accept(text(1), MAILBOX));
    const second = track(accept(text(1), RELAY));
    await land();
    expect([first.state, second.state]).toEqual(['resolved', 'resolved']);
    const third = track(accept(text(1), MAILBOX));
    await settled();
    expect(third.state).toBe('resolved');
    expect(events).toHaveLength(1);
    expect(answers.owed).toHaveLength(2);
  });

  it('[DL42] a mail ahead of its turn is durable though a number is missing, and shown behind what was missing', async () => {
    const ahead = track(accept(text(2), MAILBOX));
    await land();
    expect(ahead.state).toBe('resolved');
    expect([events, answers.owed]).toEqual([[], []]);
    expect(watched).toEqual(['ahead 2']);
    store = store.crash();
    intake = makeIntake();
    void accept(text(1), RELAY);
    await land();
    expect(events.map(([words]) => words)).toEqual(['text 1', 'text 2']);
    expect(watched).toEqual(['ahead 2', 'committed 2']);
  });

  it('what comes ahead by a session waits in memory', async () => {
    const ahead = track(accept(text(2), RELAY));
    await land();
    expect(ahead.state).toBe('pending');
    void accept(text(1), RELAY);
    await land();
    expect(ahead.state).toBe('resolved');
    expect(events.map(([words]) => words)).toEqual(['text 1', 'text 2']);
  });

  it('[DL45] beyond 2,000 held ones of a device there is no room for a mail, until what was missing has come', async () => {
    for (let n = 2; n <= 2_001; n++) {
      void accept(text(n), MAILBOX);
      if (n % 200 === 0) await land();
    }
    await land();
    const beyond = track(accept(text(2_002), MAILBOX));
    await land();
    expect(beyond.cause).toBeInstanceOf(NoRoomError);
    void accept(text(1), MAILBOX);
    await land();
    expect(events).toHaveLength(2_001);
    const again = track(accept(text(2_002), MAILBOX));
    await land();
    expect(again.state).toBe('resolved');
  });

  it('[DL19] what follows an opening in the same turn is committed behind it', async () => {
    const opened = track(accept({ type: 'opening', conversation: 0, incarnation: A, from: 6 }, MAILBOX));
    const first = track(accept(text(6), MAILBOX));
    await land();
    await land();
    expect([opened.state, first.state]).toEqual(['resolved', 'resolved']);
    expect(events).toEqual([['text 6', true]]);
  });

  it('[DL19] what was held behind it follows an opening, and is acknowledged', async () => {
    void accept(text(6), MAILBOX);
    await land();
    void accept({ type: 'opening', conversation: 0, incarnation: A, from: 6 }, RELAY);
    await land();
    expect(events).toEqual([['text 6', true]]);
    expect(answers.owed).toEqual([BOBS.device]);
  });

  it('[DL43] a stamp more than a day ahead is refused by its reason, by whatever road, and not committed', async () => {
    const ahead = { wallMs: (time.wallNow() + 24 * 3_600_000 + 1) as WallMs, counter: 0 };
    const numbered = { messageId: messageId(1), conversation: 0, incarnation: A, sequence: 1, stamp: ahead };
    const done = track(accept({ type: 'nudge', ...numbered }, MAILBOX));
    void accept(text(1, { stamp: ahead }), RELAY);
    await settled();
    expect(done.state).toBe('resolved');
    const refusal = { type: 'refused-content', conversation: 0, incarnation: A, sequence: 1, reason: 'clock' };
    expect(answers.said).toEqual([refusal, refusal]);
    expect(syncCount).toBe(0);
  });

  it('[DL44] drops what comes from nobody we talk to, without an answer', async () => {
    friends = false;
    const done = track(accept(text(1), MAILBOX));
    await settled();
    expect(done.state).toBe('resolved');
    expect([answers.said, answers.owed, syncCount]).toEqual([[], [], 0]);
  });

  it('hands tails and what was given back to those who asked', async () => {
    await accept({ type: 'tail', conversation: 0, incarnation: A, upTo: 9 }, MAILBOX);
    await accept({ type: 'given-back', content: new Uint8Array(0) }, RELAY);
    expect(watched).toEqual(['tail 9']);
    expect(givenBack).toBe(1);
  });

  it('[DL40] keeps something of 128 devices at most, and drops first what its sender repeats', async () => {
    const device = (n: number): DeviceId => n.toString(16).padStart(32, '0') as DeviceId;
    const first = track(intake.accept({ account: BOB, device: device(0) }, text(2), RELAY));
    for (let n = 1; n < 128; n++) void intake.accept({ account: BOB, device: device(n) }, text(2), RELAY);
    await land();
    expect(first.state).toBe('pending');
    const another = track(intake.accept({ account: BOB, device: device(128) }, text(1), RELAY));
    await land();
    expect([first.state, another.state]).toEqual(['resolved', 'resolved']);
    expect(events).toEqual([['text 1', true]]);
  });

  it('tells edits by the message they change, in the order of changes', async () => {
    void accept(text(1), RELAY);
    const numbered = { messageId: messageId(2), conversation: 0, incarnation: A, sequence: 2 };
    const stamp = { wallMs: 2 as WallMs, counter: 0 };
    void accept({ type: 'edit', ...numbered, stamp, target: messageId(1), text: 'better' }, RELAY);
    void accept(text(3), RELAY);
    await land();
    expect(events).toEqual([
      ['text 1', true],
      ['better', false],
      ['text 3', true],
    ]);
  });

  it('does nothing any more once stopped', async () => {
    const waiting = track(accept(text(1), MAILBOX));
    await settled();
    intake.stop();
    await land();
    const late = track(accept(text(2), MAILBOX));
    await settled();
    expect([waiting.state, late.state]).toEqual(['pending', 'rejected']);
    expect([events, answers.owed]).toEqual([[], []]);
  });

  function makeIntake(): Intake {
    return new Intake({
      log: silentLog,
      store,
      wallNow: time.wallNow,
      isFriend: () => friends,
      answers,
      gaps: {
        handleTail: (_from, _incarnation, upTo) => void watched.push(`tail ${upTo}`),
        handleAhead: (_from, _incarnation, sequence) => void watched.push(`ahead ${sequence}`),
        handleCommitted: (_from, _incarnation, upTo) => void watched.push(`committed ${upTo}`),
      },
      ownRepair: {
        handleGivenBack: async () => {
          givenBack += 1;
        },
      },
      onMessages: (messages: readonly StoredMessage[], areNew) => {
        for (const message of messages) events.push([message.text, areNew]);
      },
    });
  }

  function accept(content: IncomingContent, road: MessageRoad): Promise<void> {
    return intake.accept(BOBS, content, road);
  }

  async function land(): Promise<void> {
    await settled();
    for (const sync of syncs.splice(0)) sync.resolve();
    await settled();
  }
});

interface Tracked {
  state: 'pending' | 'resolved' | 'rejected';
  cause: unknown;
}

function track(promise: Promise<unknown>): Tracked {
  const tracked: Tracked = { state: 'pending', cause: undefined };
  promise.then(
    () => {
      tracked.state = 'resolved';
    },
    (cause: unknown) => {
      tracked.state = 'rejected';
      tracked.cause = cause;
    },
  );
  return tracked;
}
