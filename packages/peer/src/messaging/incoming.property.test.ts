import type { NumberedContent } from '@magpie/common/content/content.ts';
import type { MailEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryState } from '../store/memory-state.ts';
import type { IncomingContent, MessageRoad } from '../store/store.ts';
import { Inbox } from './inbox.ts';
import { MailCursor } from './mail-cursor.ts';

const ALICE = 10_001 as AccountNumber;
const DEVICE = '0a'.repeat(16) as DeviceId;
const DIRECT: MessageRoad = { kind: 'direct', lan: false, rttMs: 10 };
const RELAY: MessageRoad = { kind: 'relay', lan: false, rttMs: 40 };
const MAILBOX: MessageRoad = { kind: 'mailbox', lan: false, rttMs: 0 };
const PAGE = 3;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), pick: fc.nat(999), direct: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('mail' as const), pick: fc.nat(999) }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('deliver' as const), pick: fc.nat(999), keep: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('lose' as const), pick: fc.nat(999) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('read' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ack' as const) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('land' as const), fails: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('new-incarnation' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), landed: fc.boolean() }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

describe('one inbox over two roads and a mailbox, while the receiver crashes', () => {
  it('[DL40] [DL42] [DL47] loses, doubles and reorders nothing, and acknowledges nothing before it is on disk', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const world = new World();
        for (const one of steps) {
          world.run(one);
          expect(world.lies()).toEqual([]);
        }
        world.settle();
        expect(world.arrived()).toEqual(world.written());
        expect(world.lies()).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

interface Sent {
  readonly content: NumberedContent;
  receipted: boolean;
}

/** Alice says what she says; what Bob has on disk survives, everything else is made anew after a crash. */
class World {
  readonly #sent: Sent[] = [];
  readonly #bob = new MemoryState();
  #inbox = new Inbox({ device: DEVICE, chat: ALICE });
  #cursor = new MailCursor();
  /** Taken from the inbox, on its way to Bob's disk. */
  #batch: readonly IncomingContent[] | undefined;
  #channel: { readonly content: NumberedContent; readonly road: MessageRoad }[] = [];
  #mailbox: MailEntry[] = [];
  readonly #contents = new Map<number, NumberedContent>();
  /** Positions whose content is on its way, by numbering and number. */
  readonly #positions = new Map<string, number[]>();
  #forgotten: NumberedContent[] = [];
  #receiptTo = new Map<Incarnation, number>();
  #position = 0;
  #incarnation = 0;
  #sequence = 0;

  run(one: Step): void {
    switch (one.do) {
      case 'write':
        return this.#write();
      case 'send': {
        const waiting = this.#sent.filter(({ receipted }) => !receipted);
        const picked = waiting[one.pick % Math.max(1, waiting.length)];
        if (picked) this.#channel.push({ content: picked.content, road: one.direct ? DIRECT : RELAY });
        return;
      }
      case 'mail': {
        const waiting = this.#sent.filter(({ receipted }) => !receipted);
        const picked = waiting[one.pick % Math.max(1, waiting.length)];
        if (picked) this.#put(picked.content);
        return;
      }
      case 'deliver': {
        const packet = this.#channel.splice(one.pick % Math.max(1, this.#channel.length), 1)[0];
        if (!packet) return;
        if (one.keep === 0) this.#channel.push(packet);
        this.#inbox.handleContent(packet.content, packet.road, false);
        return this.#drain();
      }
      case 'lose':
        this.#channel.splice(one.pick % Math.max(1, this.#channel.length), 1);
        return;
      case 'read':
        return this.#read();
      case 'ack':
        return this.#ack();
      case 'take':
        this.#batch ??= this.#inbox.pollCommit();
        return;
      case 'land':
        return this.#land(one.fails === 0);
      case 'new-incarnation':
        this.#incarnation += 1;
        this.#sequence = 0;
        return;
      case 'crash':
        if (this.#batch && one.landed) this.#bob.commitIncoming(this.#batch, wall());
        return this.#restart();
    }
  }

  /** From here on Alice repeats by a session what has no receipt, and nothing is lost any more. */
  settle(): void {
    this.#channel = [];
    for (let round = 0; round < 20; round++) {
      for (const { content, receipted } of this.#sent) {
        if (!receipted) this.#inbox.handleContent(content, RELAY, false);
      }
      this.#drain();
      for (let reads = 0; reads <= this.#position; reads++) this.#read();
      for (let commits = 0; commits < 400; commits++) {
        this.run({ do: 'take' });
        this.#land(false);
      }
      this.#ack();
    }
  }

  written(): readonly string[] {
    return this.#sent.map(({ content }) => nameOf(content));
  }

  arrived(): readonly string[] {
    return this.#rows().map((row) => `${row.incarnation}/${row.sequence}`);
  }

  /** What Bob has told or let go that his disk does not bear out. */
  lies(): readonly string[] {
    const upTo = new Map(this.#bob.calls.receivedUpTo(ALICE).map((one) => [one.incarnation, one.deliveredUpTo]));
    const receipts = [...this.#receiptTo].filter(([incarnation, to]) => to > (upTo.get(incarnation) ?? 0));
    const lost = this.#forgotten.filter(({ incarnation, sequence }) => {
      return sequence > (upTo.get(incarnation) ?? 0) && !this.#isHeld(incarnation, sequence);
    });
    return [...receipts.map(([incarnation, to]) => `receipt ${incarnation}/${to}`), ...lost.map(nameOf)];
  }

  /** Whether it would follow, were everything there that the store itself names as missing. */
  #isHeld(incarnation: Incarnation, sequence: number): boolean {
    const copy = this.#bob.copy();
    for (const gap of this.#bob.calls.gaps(ALICE).filter((one) => one.incarnation === incarnation)) {
      for (let n = gap.from; n <= gap.to; n++) copy.commitIncoming([filler(incarnation, n)], wall());
    }
    const numbering = copy.calls.receivedUpTo(ALICE).find((one) => one.incarnation === incarnation);
    return sequence <= (numbering?.deliveredUpTo ?? 0);
  }

  #write(): void {
    this.#sequence += 1;
    const incarnation = this.#incarnation.toString(16).padStart(16, '0') as Incarnation;
    const count = this.#sent.length + 1;
    const messageId = count.toString(16).padStart(32, '0') as MessageId;
    const stamp = { wallMs: count as WallMs, counter: 0 };
    const numbered = { messageId, conversation: 0, incarnation, sequence: this.#sequence, stamp };
    this.#sent.push({
      content: { type: 'text', ...numbered, text: `text ${count}`, replyTo: undefined },
      receipted: false,
    });
  }

  #put(content: NumberedContent): void {
    const position = ++this.#position;
    // The same id replaces the older entry.
    this.#mailbox = this.#mailbox.filter((entry) => nameOf(this.#contents.get(entry.position)!) !== nameOf(content));
    this.#contents.set(position, content);
    const envelope = new Uint8Array(0);
    this.#mailbox.push({ position, fromAccount: ALICE, from: DEVICE, atWallMs: 0 as WallMs, envelope });
  }

  #read(): void {
    const page = this.#mailbox.filter(({ position }) => position > this.#cursor.readTo).slice(0, PAGE);
    for (const { position } of this.#cursor.take(page)) {
      const content = this.#contents.get(position)!;
      const waiting = this.#positions.get(nameOf(content)) ?? [];
      this.#positions.set(nameOf(content), [...waiting, position]);
      this.#inbox.handleContent(content, MAILBOX, true);
    }
    this.#drain();
  }

  #ack(): void {
    const { durableTo } = this.#cursor;
    const gone = this.#mailbox.filter(({ position }) => position <= durableTo);
    this.#forgotten.push(...gone.map(({ position }) => this.#contents.get(position)!));
    this.#mailbox = this.#mailbox.filter(({ position }) => position > durableTo);
  }

  #land(fails: boolean): void {
    const batch = this.#batch;
    if (!batch) return;
    this.#batch = undefined;
    // As the intake does: nothing in memory is worth keeping then, and the mailbox is read again.
    if (fails) return this.#restart();
    this.#inbox.handleOutcomes(this.#bob.commitIncoming(batch, wall()));
    this.#drain();
  }

  #restart(): void {
    this.#batch = undefined;
    this.#inbox = new Inbox({ device: DEVICE, chat: ALICE });
    this.#cursor = new MailCursor();
    this.#positions.clear();
  }

  #drain(): void {
    for (const settled of this.#inbox.pollSettled()) {
      const positions = this.#positions.get(nameOf(settled)) ?? [];
      this.#positions.delete(nameOf(settled));
      expect(positions.length === 0 || settled.how === 'durable').toBe(true);
      for (const position of positions) this.#cursor.settle(position);
    }
    for (const { incarnation, to } of this.#inbox.pollReceipt() ?? []) {
      this.#receiptTo.set(incarnation, Math.max(to, this.#receiptTo.get(incarnation) ?? 0));
      for (const one of this.#sent) {
        if (one.content.incarnation === incarnation && one.content.sequence <= to) one.receipted = true;
      }
    }
  }

  #rows() {
    // By the row's appearance, numbering by numbering.
    const rows = this.#bob.messages.ofChat(ALICE, 'in');
    return [...rows].sort((a, b) =>
      a.incarnation === b.incarnation ? a.born - b.born : a.incarnation < b.incarnation ? -1 : 1,
    );
  }
}

function filler(incarnation: Incarnation, sequence: number): IncomingContent {
  const messageId = `${incarnation}${sequence.toString(16).padStart(16, 'f')}` as MessageId;
  const stamp = { wallMs: 1 as WallMs, counter: 0 };
  const content = { type: 'void', messageId, conversation: 0, incarnation, sequence, stamp } as const;
  return { chat: ALICE, device: DEVICE, content, road: RELAY, hold: false };
}

function nameOf({ incarnation, sequence }: Pick<NumberedContent, 'incarnation' | 'sequence'>): string {
  return `${incarnation}/${sequence}`;
}

function wall(): WallMs {
  return 1 as WallMs;
}
