import { err, ok, type Result } from '../result.ts';
import { LINE_BYTES_MAX } from './limits.ts';

export type LineError = 'line-too-long' | 'not-utf8';

const NEWLINE = 0x0a;

/**
 * Cuts a byte stream into lines of UTF-8. The length is checked before a line is put together or decoded; after an
 * error the stream has no meaning any more and every later call returns the same error. Empty lines are skipped.
 */
export class LineDecoder {
  readonly #utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  readonly #bytesMax: number;
  #parts: Uint8Array[] = [];
  #partBytes = 0;
  #error: LineError | undefined;

  constructor(bytesMax = LINE_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** @returns the lines that these bytes completed, in order */
  handleBytes(bytes: Uint8Array): Result<readonly string[], LineError> {
    const lines: string[] = [];
    let rest = bytes;
    while (!this.#error && rest.length > 0) {
      const end = rest.indexOf(NEWLINE);
      this.#take(end < 0 ? rest : rest.subarray(0, end));
      rest = end < 0 ? rest.subarray(rest.length) : rest.subarray(end + 1);
      if (end >= 0 && !this.#error) this.#finishLine(lines);
    }
    return this.#error ? err(this.#error) : ok(lines);
  }

  #take(part: Uint8Array): void {
    if (this.#partBytes + part.length > this.#bytesMax) {
      this.#fail('line-too-long');
    } else if (part.length > 0) {
      this.#parts.push(part.slice());
      this.#partBytes += part.length;
    }
  }

  #finishLine(lines: string[]): void {
    const bytes = new Uint8Array(this.#partBytes);
    let at = 0;
    for (const part of this.#parts) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#parts = [];
    this.#partBytes = 0;
    try {
      const line = this.#utf8.decode(bytes);
      if (line.trim() !== '') lines.push(line);
    } catch {
      this.#fail('not-utf8');
    }
  }

  #fail(error: LineError): void {
    this.#error = error;
    this.#parts = [];
    this.#partBytes = 0;
  }
}
