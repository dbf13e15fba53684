import { encodeFrame } from '@magpie/common/frames/frame.ts';
import type { MailEntry } from '@magpie/common/frames/frame-table.ts';
import type { RequestId } from '@magpie/common/ids.ts';
import type { ClientWire } from '../bus/directory.ts';
import { MAIL_HELD_MAX, MAIL_PAGE_BYTES } from '../limits.ts';

const PUSHED = 0 as RequestId;

/** `behind`: there may be more in the log than was sent, so that only a page may come next. */
type OutletState =
  | { readonly name: 'behind' }
  | { readonly name: 'reading'; readonly held: MailEntry[]; heldBytes: number; overflowed: boolean }
  | { readonly name: 'caught-up' };

/**
 * What of its log one session is sent, without a hole and nothing twice: pages that it asks for and, once it has read to
 * the end, mails as they come. What comes while a page is read is held until it is known whether the page has it.
 */
export class MailOutlet {
  readonly #wire: Pick<ClientWire, 'open' | 'queuedBytes' | 'send'>;
  readonly #queuedBytesMax: number;
  #state: OutletState = { name: 'behind' };
  #sentUpTo = 0;
  #pushes = 0;

  /** @param queuedBytesMax with more on its way to the client nothing is pushed */
  constructor(wire: Pick<ClientWire, 'open' | 'queuedBytes' | 'send'>, queuedBytesMax: number) {
    this.#wire = wire;
    this.#queuedBytesMax = queuedBytesMax;
  }

  /** The highest position that this session was sent. */
  get sentUpTo(): number {
    return this.#sentUpTo;
  }

  get pushes(): number {
    return this.#pushes;
  }

  /** A mail is on its way into the log. Call by rising positions. */
  offer(mail: MailEntry): void {
    switch (this.#state.name) {
      case 'behind':
        return;
      case 'caught-up':
        return this.#push(mail);
      case 'reading':
        return this.#hold(mail);
    }
  }

  /** A page is about to be read. @param underWay mails above the page's beginning that the read may be too early for */
  beginPage(underWay: readonly MailEntry[]): void {
    this.#state = { name: 'reading', held: [], heldBytes: 0, overflowed: false };
    for (const mail of underWay) this.#hold(mail);
  }

  /** The page could not be read. */
  dropPage(): void {
    this.#state = { name: 'behind' };
  }

  /** Answers with the page and, where it reaches the end of the log, goes on with what has come meanwhile. */
  endPage(requestId: RequestId, page: { readonly entries: readonly MailEntry[]; readonly last: boolean }): void {
    const { held, overflowed } = this.#reading();
    const last = page.last && !overflowed;
    const upTo = page.entries.at(-1)?.position ?? 0;
    this.#state = { name: last ? 'caught-up' : 'behind' };
    this.#sentUpTo = Math.max(this.#sentUpTo, upTo);
    this.#wire.send(encodeFrame({ type: 'mail', requestId, last, entries: page.entries }));
    for (const mail of held) if (mail.position > upTo) this.offer(mail);
  }

  #reading(): { readonly held: readonly MailEntry[]; readonly overflowed: boolean } {
    return this.#state.name === 'reading' ? this.#state : { held: [], overflowed: false };
  }

  #hold(mail: MailEntry): void {
    if (this.#state.name !== 'reading') return;
    const { held, heldBytes } = this.#state;
    if (held.length === MAIL_HELD_MAX || heldBytes + mail.envelope.length > MAIL_PAGE_BYTES) {
      this.#state.overflowed = true;
      return;
    }
    held.push(mail);
    this.#state.heldBytes += mail.envelope.length;
  }

  #push(mail: MailEntry): void {
    if (!this.#wire.open) return;
    const frame = encodeFrame({ type: 'mail', requestId: PUSHED, last: true, entries: [mail] });
    if (this.#wire.queuedBytes + frame.length > this.#queuedBytesMax) {
      this.#state = { name: 'behind' };
      this.#wire.send(encodeFrame({ type: 'mail', requestId: PUSHED, last: false, entries: [] }));
      return;
    }
    this.#sentUpTo = mail.position;
    this.#pushes += 1;
    this.#wire.send(frame);
  }
}
