import type { AccountNumber } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { compareMessages } from '../messaging/conversation-order.ts';
import { STAMP_AHEAD_MS_MAX } from '../messaging/limits.ts';
import { nextStamp, STAMP_ZERO } from './hybrid-clock.ts';
import type { MessageChanges } from './message-changes.ts';
import type { MessageRecord, StoreTables } from './message-tables.ts';
import type { StoredMessage } from './store.ts';

const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

/**
 * Takes back what a wrong wall clock has stamped before a server told the time (R16): every friend would refuse it until
 * that time has come, and all that is numbered behind it with it. The caller brings the transaction.
 */
export class StampsAhead {
  readonly #tables: StoreTables;
  readonly #changes: MessageChanges;

  constructor(tables: StoreTables, changes: MessageChanges) {
    this.#tables = tables;
    this.#changes = changes;
  }

  /** @returns the rows that changed, and with them those that look otherwise now, as `newest` gives them */
  correct(wallNow: WallMs): readonly MessageRecord[] {
    const latest = (wallNow + STAMP_AHEAD_MS_MAX) as WallMs;
    return this.#tables.numberings.clocksAfter(latest).flatMap((chat) => this.#correctChat(chat, latest, wallNow));
  }

  /** Of each of these rows what is to be shown of it now, whatever else has happened to it. */
  newest(records: readonly MessageRecord[]): readonly StoredMessage[] {
    const { rows } = this.#tables;
    const positions = new Map(records.map((record) => [record.position, record]));
    return [...positions.values()].flatMap(({ message: { direction, chat, id } }) => {
      const now = direction === 'out' ? rows.outgoing(id) : rows.incoming(chat, id);
      return now && !now.deleted ? [now.message] : [];
    });
  }

  #correctChat(chat: AccountNumber, latest: WallMs, wallNow: WallMs): readonly MessageRecord[] {
    const { rows, numberings } = this.#tables;
    const ahead = rows.owed(chat, NUMBER_MAX).filter(({ message }) => message.stamp.wallMs > latest);
    const inOrder = [...ahead, ...rows.systemAfter(chat, latest)].sort((a, b) => compareMessages(a.message, b.message));
    let clock = rows.newestStamp(chat, latest) ?? STAMP_ZERO;
    const stamped = inOrder.map((record) => {
      clock = nextStamp(clock, wallNow);
      const moved = rows.setStamp(record, clock);
      const { state, reason } = moved.message;
      return state === 'queued' && reason === 'clock' ? rows.setState(moved, state, '', moved.owed) : moved;
    });
    numberings.saveClock(chat, clock);
    return [...stamped, ...stamped.flatMap((record) => this.#changes.handleStamped(record))];
  }
}
