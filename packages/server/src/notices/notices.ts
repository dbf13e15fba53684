import { encodeFrame } from '@magpie/common/frames/frame.ts';
import { NOTICE_TEXT_BYTES_MAX } from '@magpie/common/limits.ts';
import type { Clock } from '@magpie/common/time.ts';
import type { Directory } from '../bus/directory.ts';
import type { Store } from '../store/store.ts';

/** Tells everybody who is online now what the operator has to say. */
export class Notices {
  readonly #directory: Directory;
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(directory: Directory, store: Store, clock: Clock) {
    this.#directory = directory;
    this.#store = store;
    this.#clock = clock;
  }

  /** @returns the sessions it was sent to. Rejects with a RangeError when the text is empty or over NOTICE_TEXT_BYTES_MAX. */
  async send(text: string): Promise<{ readonly id: number; readonly reached: number }> {
    const bytes = Buffer.byteLength(text);
    if (bytes === 0 || bytes > NOTICE_TEXT_BYTES_MAX) {
      throw new RangeError(`a notice has 1 to ${NOTICE_TEXT_BYTES_MAX} bytes, this one ${bytes}`);
    }
    const notice = await this.#store.addNotice(text, this.#clock.wallNow());
    const frame = encodeFrame({ type: 'notice', id: notice.id, atWallMs: notice.at, text: notice.text });
    let reached = 0;
    for (const session of this.#directory.sessions()) {
      session.wire.send(frame);
      reached += 1;
    }
    return { id: notice.id, reached };
  }
}
