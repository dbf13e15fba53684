import { encodeFrame } from '@magpie/common/frames/frame.ts';
import { NOTICE_TEXT_BYTES_MAX } from '@magpie/common/limits.ts';
import type { Log } from '@magpie/common/log.ts';
import { ok, type Result } from '@magpie/common/result.ts';
import type { Clock } from '@magpie/common/time.ts';
import type { Directory, LiveAccount, LiveSession } from '../bus/directory.ts';
import { NOTICES_CAUGHT_UP_MAX } from '../limits.ts';
import type { Refusal } from '../refusal.ts';
import type { Notice, Store } from '../store/store.ts';

export interface NoticesPorts {
  readonly directory: Directory;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * What the operator has to say: to everybody who is online at once, to everybody else after the next login. A session
 * gets notices by rising ids, none twice and, but for what is over NOTICES_CAUGHT_UP_MAX, without a gap, so that an
 * acknowledgement of one covers all before it.
 */
export class Notices {
  readonly #ports: NoticesPorts;
  /** Undefined until the store has said; then never behind what was sent. */
  #latestId: number | undefined;
  /** One read for all who log in while it runs. */
  #reading: Promise<number> | undefined;
  /** Up to where each session has got. */
  readonly #sentId = new WeakMap<LiveSession, number>();
  /** Those that lack some get nothing directly until they have them. */
  readonly #behind = new WeakSet<LiveSession>();
  readonly #catchingUp = new WeakSet<LiveSession>();
  readonly #acked = new WeakMap<LiveAccount, number>();

  constructor(ports: NoticesPorts) {
    this.#ports = ports;
  }

  /** @returns the sessions it was sent to. Rejects with a RangeError when the text is empty or over NOTICE_TEXT_BYTES_MAX. */
  async send(text: string): Promise<{ readonly id: number; readonly reached: number }> {
    const bytes = Buffer.byteLength(text);
    if (bytes === 0 || bytes > NOTICE_TEXT_BYTES_MAX) {
      throw new RangeError(`a notice has 1 to ${NOTICE_TEXT_BYTES_MAX} bytes, this one ${bytes}`);
    }
    const { store, clock, directory } = this.#ports;
    const notice = await store.addNotice(text, clock.wallNow());
    this.#latestId = Math.max(this.#latestId ?? 0, notice.id);
    const frame = frameOf(notice);
    let reached = 0;
    for (const session of directory.sessions()) {
      reached += 1;
      if (this.#behind.has(session)) {
        void this.#catchUp(session);
      } else if ((this.#sentId.get(session) ?? 0) < notice.id) {
        this.#sentId.set(session, notice.id);
        session.wire.send(frame);
      }
    }
    return { id: notice.id, reached };
  }

  /** The session is live and its client knows it. What its account has not acknowledged is sent to it. */
  sessionOpened(session: LiveSession, ackedId: number): void {
    const acked = Math.max(ackedId, this.#acked.get(session.account) ?? 0);
    this.#sentId.set(session, acked);
    if (this.#latestId !== undefined && this.#latestId <= acked) return;
    this.#behind.add(session);
    void this.#catchUp(session);
  }

  /** Every notice up to this one is safe with the account. Written once for each step ahead, whatever a client repeats. */
  async ack(session: LiveSession, upTo: number): Promise<Result<void, Refusal>> {
    const { account } = session;
    const id = Math.min(upTo, await this.#latest());
    if (id <= (this.#acked.get(account) ?? 0)) return ok(undefined);
    await this.#ports.store.ackNotices(account.number, id);
    this.#acked.set(account, Math.max(id, this.#acked.get(account) ?? 0));
    return ok(undefined);
  }

  /** Never rejects: after a failure of the store the next notice or login tries again. */
  async #catchUp(session: LiveSession): Promise<void> {
    if (this.#catchingUp.has(session)) return;
    this.#catchingUp.add(session);
    const { store, log } = this.#ports;
    try {
      for (;;) {
        const after = this.#sentId.get(session) ?? 0;
        const latest = await this.#latest();
        const missed = latest > after ? await store.noticesAfter(after, NOTICES_CAUGHT_UP_MAX) : [];
        if (!session.wire.open) return;
        for (const notice of missed) session.wire.send(frameOf(notice));
        const sentId = Math.max(after, latest, missed.at(-1)?.id ?? 0);
        this.#sentId.set(session, sentId);
        if ((this.#latestId ?? 0) <= sentId) break;
      }
      this.#behind.delete(session);
    } catch (error) {
      log.error({ account: session.account.number, error: String(error) }, 'notices not read');
    } finally {
      this.#catchingUp.delete(session);
    }
  }

  async #latest(): Promise<number> {
    if (this.#latestId !== undefined) return this.#latestId;
    this.#reading ??= this.#ports.store.latestNoticeId().finally(() => {
      this.#reading = undefined;
    });
    const stored = await this.#reading;
    this.#latestId = Math.max(stored, this.#latestId ?? 0);
    return this.#latestId;
  }
}

function frameOf({ id, at, text }: Notice): Uint8Array {
  return encodeFrame({ type: 'notice', id, atWallMs: at, text });
}
