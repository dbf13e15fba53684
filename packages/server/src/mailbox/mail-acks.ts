import type { Result } from '@magpie/common/result.ts';
import type { LiveSession } from '../bus/directory.ts';
import { fenceOf } from '../bus/fence-of.ts';
import type { MailLeft, Store } from '../store/store.ts';

type Acked = Result<MailLeft, 'stale-epoch'>;

interface AckLine {
  /** Never rejects. */
  underWay: Promise<void> | undefined;
  next: { upTo: number; readonly answer: Promise<Acked> } | undefined;
}

/** One call of the store under way for each session: what is acknowledged meanwhile goes together, up to the newest. */
export class MailAcks {
  readonly #store: Pick<Store, 'ackMail'>;
  readonly #lines = new WeakMap<LiveSession, AckLine>();

  constructor(store: Pick<Store, 'ackMail'>) {
    this.#store = store;
  }

  /** Rejects when the store fails. */
  ack(session: LiveSession, upTo: number): Promise<Acked> {
    const line = this.#lineOf(session);
    if (line.next) {
      line.next.upTo = Math.max(line.next.upTo, upTo);
      return line.next.answer;
    }
    if (!line.underWay) return this.#call(session, line, upTo);
    const answer = line.underWay.then(() => {
      const newest = line.next?.upTo ?? upTo;
      line.next = undefined;
      return this.#call(session, line, newest);
    });
    line.next = { upTo, answer };
    return answer;
  }

  #call(session: LiveSession, line: AckLine, upTo: number): Promise<Acked> {
    const called = this.#ackAll(session, upTo);
    const settled = called.then(
      () => {},
      () => {},
    );
    line.underWay = settled;
    void settled.then(() => {
      if (line.underWay === settled) line.underWay = undefined;
    });
    return called;
  }

  /** In steps, between which the store serves others. */
  async #ackAll(session: LiveSession, upTo: number): Promise<Acked> {
    for (;;) {
      const acked = await this.#store.ackMail(fenceOf(session), upTo);
      if (!acked.ok || !acked.value.more) return acked;
    }
  }

  #lineOf(session: LiveSession): AckLine {
    const known = this.#lines.get(session);
    if (known) return known;
    const line: AckLine = { underWay: undefined, next: undefined };
    this.#lines.set(session, line);
    return line;
  }
}
