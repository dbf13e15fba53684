import type { ContentRefusal, NumberedContent } from '@magpie/common/content/content.ts';
import type { AccountName, AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { Instant, WallMs } from '@magpie/common/time.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryState } from '../store/memory-state.ts';
import type { IncomingContent, MessageRoad, StoredMessage } from '../store/store.ts';
import { Inbox } from './inbox.ts';
import { Outbox } from './outbox.ts';

const ALICE = 10_001 as AccountNumber;
const BOB = 10_002 as AccountNumber;
const DEVICE = '0a'.repeat(16) as DeviceId;
const BOBS_DEVICE = '0b'.repeat(16) as DeviceId;
const ROAD: MessageRoad = { kind: 'direct', lan: false, rttMs: 10 };

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), refusable: fc.nat(9) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('pump' as const) }) },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('deliver' as const), pick: fc.nat(999), keep: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('lose' as const), pick: fc.nat(999) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('land' as const), fails: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(70_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('session' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash-alice' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash-bob' as const), landed: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('new-incarnation' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

describe('outbox and inbox over a channel that loses, doubles and reorders, while both sides crash', () => {
  it('each message arrives exactly once and in order, and is shown as delivered only when it is', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
        const pair = new Pair();
        for (const one of steps) {
          pair.run(one);
          expect(pair.lies()).toEqual([]);
        }
        pair.settle();
        expect(pair.arrived()).toEqual(pair.written());
        expect(pair.lies()).toEqual([]);
        expect(pair.unfinished()).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

type Packet =
  | { readonly to: 'bob'; readonly session: number; readonly stream: number; readonly content: NumberedContent }
  | { readonly to: 'alice'; readonly session: number; readonly acked: number }
  | { readonly to: 'alice'; readonly session: number; readonly incarnation: Incarnation; readonly upTo: number }
  | {
      readonly to: 'alice';
      readonly session: number;
      readonly incarnation: Incarnation;
      readonly refused: number;
      readonly reason: ContentRefusal;
    };

/** Alice writes to Bob. What each has on disk survives, everything else is rebuilt from it after a crash. */
class Pair {
  readonly #alice = new MemoryState();
  readonly #bob = new MemoryState();
  #outbox = new Outbox();
  #inbox = new Inbox({ device: DEVICE, chat: ALICE });
  /** Taken from the inbox, on its way to Bob's disk. */
  #batch: readonly IncomingContent[] | undefined;
  #channel: Packet[] = [];
  #session = 0;
  #stream = 0;
  #incarnations = 0;
  #count = 0;
  #now = 0 as Instant;
  readonly #refusable = new Set<MessageId>();
  readonly #clockRefused = new Set<MessageId>();

  constructor() {
    this.#alice.saveProfile({
      account: ALICE,
      name: 'alice' as AccountName,
      displayName: '',
      serverHost: '',
      serverPort: 1,
      serverKey: new Uint8Array(32),
      signedIn: true,
      incarnation: this.#nextIncarnation(),
      loginCount: 1,
      rosterVersion: 0,
      stampReserved: 0,
      deviceListVersion: 1,
      signatureLine: '',
      recoveryUnseen: false,
    });
    this.#alice.meetDevices(BOB, [BOBS_DEVICE]);
    this.#newSession();
  }

  run(one: Step): void {
    switch (one.do) {
      case 'write':
        return this.#write(one.refusable);
      case 'pump':
        return this.#pump();
      case 'deliver':
        return this.#deliver(one.pick, one.keep === 0);
      case 'lose':
        this.#take(one.pick);
        return;
      case 'take':
        this.#batch ??= this.#inbox.pollCommit();
        return;
      case 'land':
        return this.#land(one.fails === 0);
      case 'wait':
        this.#now = (this.#now + one.ms) as Instant;
        return this.#outbox.handleTimeout(this.#now);
      case 'session':
        return this.#newSession();
      case 'crash-alice':
        this.#outbox = new Outbox();
        return this.#newSession();
      case 'crash-bob':
        if (this.#batch && one.landed) this.#bob.commitIncoming(this.#batch, this.#wall());
        this.#inbox = new Inbox({ device: DEVICE, chat: ALICE });
        this.#batch = undefined;
        return this.#newSession();
      case 'new-incarnation':
        this.#alice.updateProfile({ incarnation: this.#nextIncarnation() });
        this.#outbox = new Outbox();
        return this.#newSession();
    }
  }

  /** From here on nothing is lost any more. */
  settle(): void {
    this.#newSession();
    for (let round = 0; round < 400 && this.unfinished().length > 0; round++) {
      this.#pump();
      while (this.#channel.length > 0) this.#deliver(0, false);
      this.run({ do: 'take' });
      this.#land(false);
      if (this.#channel.length === 0) this.run({ do: 'wait', ms: 60_000 });
    }
  }

  written(): readonly string[] {
    return this.#rows(this.#alice, BOB, 'out')
      .filter((m) => m.state !== 'refused')
      .map((m) => m.text);
  }

  arrived(): readonly string[] {
    return this.#rows(this.#bob, ALICE, 'in').map((m) => m.text);
  }

  /** Alice's messages that say something that Bob's disk does not bear out. */
  lies(): readonly StoredMessage[] {
    return this.#rows(this.#alice, BOB, 'out').filter((m) => {
      const atBob = this.#bob.messages.incoming(ALICE, m.id);
      if (m.state === 'delivered') return atBob?.text !== m.text;
      return m.state === 'refused' && atBob?.kind === 'text';
    });
  }

  unfinished(): readonly StoredMessage[] {
    return this.#alice.messages.undelivered(BOB, 1_000_000);
  }

  #write(refusable: number): void {
    const id = (++this.#count).toString(16).padStart(32, '0') as MessageId;
    if (refusable === 0) this.#refusable.add(id);
    const text = `text ${this.#count}`;
    const content = { id, chat: BOB, device: DEVICE, kind: 'text', text } as const;
    this.#outbox.enqueue(this.#alice.commitOutgoing(content, this.#wall()).message);
  }

  #pump(): void {
    for (let next = this.#outbox.pollSend(this.#now); next; next = this.#outbox.pollSend(this.#now)) {
      const stream = ++this.#stream;
      this.#outbox.sent(next.id, stream, this.#now);
      this.#channel.push({ to: 'bob', session: this.#session, stream, content: contentOf(next) });
    }
    if (!this.#outbox.pollRefill()) return;
    for (const message of this.#alice.messages.undelivered(BOB, 1_000_000)) this.#outbox.enqueue(message);
  }

  #deliver(pick: number, keep: boolean): void {
    const packet = this.#take(pick);
    if (!packet) return;
    if (keep) this.#channel.push(packet);
    if (packet.session !== this.#session) return;
    if (packet.to === 'bob') return this.#receive(packet.stream, packet.content);
    if ('acked' in packet) return this.#outbox.handleStreamAcked(packet.acked, this.#now);
    const { incarnation } = packet;
    if ('refused' in packet) {
      this.#outbox.handleRefusal(incarnation, packet.refused, packet.reason, this.#now);
      this.#alice.applyRefusal(BOB, incarnation, packet.refused, packet.reason, BOBS_DEVICE);
      return;
    }
    const ranges = [{ from: 1, to: packet.upTo }];
    this.#outbox.handleReceipt(incarnation, ranges, this.#now);
    this.#alice.applyReceipt(BOB, incarnation, 'delivered', ranges, BOBS_DEVICE);
  }

  #receive(stream: number, content: NumberedContent): void {
    this.#channel.push({ to: 'alice', session: this.#session, acked: stream });
    const reason = this.#refusalOf(content);
    if (reason) {
      const { incarnation, sequence: refused } = content;
      this.#channel.push({ to: 'alice', session: this.#session, incarnation, refused, reason });
      return;
    }
    this.#inbox.handleContent(content, ROAD, false);
    this.#sendReceipts();
  }

  /** Some texts are refused for good, every seventh message once for its stamp. */
  #refusalOf({ type, messageId }: NumberedContent): ContentRefusal | undefined {
    if (type === 'text' && this.#refusable.has(messageId)) return 'too-large';
    if (Number.parseInt(messageId, 16) % 7 !== 0 || this.#clockRefused.has(messageId)) return undefined;
    this.#clockRefused.add(messageId);
    return 'clock';
  }

  #land(fails: boolean): void {
    const batch = this.#batch;
    if (!batch) return;
    this.#batch = undefined;
    if (fails) return this.#inbox.handleCommitFailed();
    this.#inbox.handleOutcomes(this.#bob.commitIncoming(batch, this.#wall()));
    this.#sendReceipts();
  }

  #sendReceipts(): void {
    for (const { incarnation, to } of this.#inbox.pollReceipt() ?? []) {
      this.#channel.push({ to: 'alice', session: this.#session, incarnation, upTo: to });
    }
  }

  #newSession(): void {
    this.#session += 1;
    this.#outbox.sessionDown(this.#now);
    for (const message of this.#alice.messages.undelivered(BOB, 1_000_000)) this.#outbox.enqueue(message);
    this.#outbox.sessionUp(this.#now);
  }

  #take(pick: number): Packet | undefined {
    return this.#channel.splice(pick % Math.max(1, this.#channel.length), 1)[0];
  }

  #rows(state: MemoryState, chat: AccountNumber, direction: 'in' | 'out'): readonly StoredMessage[] {
    return state.messages.ofChat(chat, direction).filter((m) => m.kind === 'text');
  }

  #nextIncarnation(): Incarnation {
    return (++this.#incarnations).toString(16).padStart(16, '0') as Incarnation;
  }

  #wall(): WallMs {
    return this.#now as number as WallMs;
  }
}

function contentOf(message: StoredMessage): NumberedContent {
  const { id, incarnation, sequence, stamp, text } = message;
  const numbered = { messageId: id, conversation: 0, incarnation, sequence, stamp };
  return message.kind === 'void'
    ? { type: 'void', ...numbered }
    : { type: 'text', ...numbered, text, replyTo: undefined };
}
