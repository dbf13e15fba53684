import type { Content, ContentOf } from '@magpie/common/content/content.ts';
import type { FrameOf } from '@magpie/common/frames/frame.ts';
import type { MailEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId, RequestId } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { ProcessClock, VirtualTime } from '../../../../test/sim/virtual-time.ts';
import type { Answer, Request, RequestError } from '../server-link/server-connection.ts';
import type { Answers, Correspondent } from './delivery-ports.ts';

export const BOB = 10_002 as AccountNumber;
export const BOBS: Correspondent = { account: BOB, device: 'b0'.repeat(16) as DeviceId };
export const A = 'aa'.repeat(8) as Incarnation;
export const B = 'bb'.repeat(8) as Incarnation;

/** A clock that moves when a test says so, and everything that waits for the present turn goes before it does. */
export class TestTime {
  readonly #time = new VirtualTime();
  readonly clock = new ProcessClock(this.#time, { startMs: 5_000, wallSkewMs: 0 });

  /** Something is to happen later. */
  get armed(): boolean {
    return this.#time.nextAtMs !== undefined;
  }

  wallNow = (): WallMs => this.clock.wallNow();

  async pass(ms: number): Promise<void> {
    const endMs = this.#time.nowMs + ms;
    await settled();
    while ((this.#time.nextAtMs ?? Number.POSITIVE_INFINITY) <= endMs) {
      this.#time.runNext();
      await settled();
    }
    this.#time.jumpTo(endMs);
  }
}

/** Everything that needs no time has happened, but for chains of more than so many answers. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 32; turns++) await turn();
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class RecordedAnswers implements Answers {
  readonly owed: DeviceId[] = [];
  readonly said: Content[] = [];
  /** What each of these is to call once it is told. */
  readonly onTold: (() => void)[] = [];
  readonly amended: Content[] = [];
  readonly withdrawn: Content[] = [];

  oweReceipts(to: Correspondent): void {
    this.owed.push(to.device);
  }

  say(_to: Correspondent, content: Content, onTold: () => void = () => {}): void {
    this.said.push(content);
    this.onTold.push(onTold);
  }

  withdraw(_to: Correspondent, question: Content): void {
    this.withdrawn.push(question);
  }

  amend(_to: Correspondent, content: Content): void {
    this.amended.push(content);
  }
}

export function text(sequence: number, changes: Partial<ContentOf<'text'>> = {}): ContentOf<'text'> {
  return {
    type: 'text',
    messageId: messageId(sequence),
    conversation: 0,
    incarnation: A,
    sequence,
    stamp: { wallMs: sequence as WallMs, counter: 0 },
    text: `text ${sequence}`,
    replyTo: undefined,
    ...changes,
  };
}

export function messageId(n: number): MessageId {
  return n.toString(16).padStart(32, '0') as MessageId;
}

/** The server's log of one device, as far as its reader sees it. */
export class TestMailbox {
  /** Pages hold so many mails. */
  pageSize = 64;
  readonly acks: number[] = [];
  readonly gets: number[] = [];
  /** What the reader is pushed; nothing while it has not read to the end. */
  onPush: ((frame: Pick<FrameOf<'mail'>, 'entries'>) => void) | undefined;
  /** Answers that are asked for now are errors. */
  failing: RequestError | undefined;
  entries: MailEntry[] = [];
  #pushedTo: number | undefined;
  #position = 0;

  /** @param onPut is told the position of each before anybody is pushed it */
  put(count = 1, onPut: (position: number) => void = () => {}): void {
    for (let n = 0; n < count; n++) {
      this.entries.push(mail(++this.#position));
      onPut(this.#position);
    }
    this.push();
  }

  /** Pushes what is new to a reader that has seen everything before. */
  push(): void {
    if (this.#pushedTo === undefined) return;
    const entries = this.#above(this.#pushedTo).slice(0, this.pageSize);
    this.#pushedTo = entries.at(-1)?.position ?? this.#pushedTo;
    if (entries.length > 0) this.onPush?.({ entries });
  }

  /** The reader was too slow: it is told once that there is more, and has to ask. */
  pushNothing(): void {
    this.#pushedTo = undefined;
    this.onPush?.({ entries: [] });
  }

  disconnect(): void {
    this.#pushedTo = undefined;
  }

  request = async (request: Request): Promise<Result<Answer, RequestError>> => {
    await turn();
    if (this.failing) return err(this.failing);
    const requestId = 1 as RequestId;
    if (request.type === 'mail-get') {
      this.gets.push(request.after);
      const above = this.#above(request.after);
      const entries = above.slice(0, this.pageSize);
      const last = entries.length === above.length;
      this.#pushedTo = last ? (entries.at(-1)?.position ?? this.#position) : undefined;
      return ok({ type: 'mail', requestId, last, entries });
    }
    if (request.type !== 'mail-ack') throw new Error(`not asked of a mailbox: ${request.type}`);
    this.acks.push(request.upTo);
    this.entries = this.#above(request.upTo);
    return ok({ type: 'mail-acked', requestId, left: this.entries.length, generation: 1, step: 0 });
  };

  #above(position: number): MailEntry[] {
    return this.entries.filter((entry) => entry.position > position);
  }
}

export function mail(position: number, changes: Partial<MailEntry> = {}): MailEntry {
  return {
    position,
    fromAccount: BOB,
    from: BOBS.device,
    atWallMs: 0 as WallMs,
    envelope: new Uint8Array(0),
    ...changes,
  };
}
