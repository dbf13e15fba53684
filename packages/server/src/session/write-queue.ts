import type { SecureLink } from '@magpie/common/channel/secure-link.ts';
import type { TcpStream } from '@magpie/common/net.ts';
import type { Instant } from '@magpie/common/time.ts';

/**
 * The stream gets another record while it holds at most this much, so it never holds over 64 KiB. Node tells only when
 * all of what it was given has been taken: in small portions a slow reader is told from a stalled one, and what still
 * waits in the link shares records with what comes later.
 */
const STREAM_AHEAD_BYTES = 47 * 1024;

/** What waits for one client: frames in its link, and before them a few records that the stream holds. */
export class WriteQueue {
  readonly #link: SecureLink;
  readonly #stream: TcpStream;
  #drainCount = 0;
  #writtenBytes = 0;
  #takenBytes = 0;
  #takenAt: Instant;
  #waiting: (() => void)[] = [];
  #released = false;

  constructor(link: SecureLink, stream: TcpStream, now: Instant) {
    this.#link = link;
    this.#stream = stream;
    this.#takenAt = now;
  }

  /** Bytes that the operating system has not taken. */
  get queuedBytes(): number {
    return this.#link.pendingBytes + this.#stream.queuedBytes;
  }

  /** Rises whenever the queue has run empty. */
  get drainCount(): number {
    return this.#drainCount;
  }

  /** Since when nothing was taken although something waits; undefined when nothing waits. */
  get stalledSince(): Instant | undefined {
    return this.#stream.queuedBytes > 0 ? this.#takenAt : undefined;
  }

  /** For how long so. */
  stalledMs(now: Instant): number {
    this.#noteTaken(now);
    const since = this.stalledSince;
    return since === undefined ? 0 : now - since;
  }

  /** Gives the stream what it may hold. Call after frames were sent. */
  flush(now: Instant): void {
    this.#write(STREAM_AHEAD_BYTES, now);
  }

  /** Gives the stream everything, because it is about to end. */
  flushAll(now: Instant): void {
    this.#write(Number.POSITIVE_INFINITY, now);
  }

  /** The stream holds nothing any more. @returns true when nothing waits in the link either */
  handleDrain(now: Instant): boolean {
    this.#noteTaken(now);
    this.#write(STREAM_AHEAD_BYTES, now);
    this.#wake();
    return this.queuedBytes === 0;
  }

  /** Resolves when something more was taken, or nothing ever will be. */
  whenTaken(): Promise<void> {
    if (this.#released) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The connection is over: whoever waits need not. */
  release(): void {
    this.#released = true;
    this.#wake();
  }

  #write(aheadBytes: number, now: Instant): void {
    // Something begins to wait only now.
    if (this.#stream.queuedBytes === 0) this.#takenAt = now;
    while (this.#stream.queuedBytes <= aheadBytes) {
      const bytes = this.#link.pollOutput();
      if (!bytes) break;
      this.#writtenBytes += bytes.length;
      this.#stream.write(bytes);
    }
    if (this.queuedBytes > 0) return;
    this.#takenBytes = this.#writtenBytes;
    this.#drainCount += 1;
    this.#wake();
  }

  #noteTaken(now: Instant): void {
    const taken = this.#writtenBytes - this.#stream.queuedBytes;
    if (taken > this.#takenBytes) this.#takenAt = now;
    this.#takenBytes = taken;
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    for (const wake of this.#waiting.splice(0)) wake();
  }
}
