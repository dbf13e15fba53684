import type { Result } from '../result.ts';
import type { RpcError } from '../rpc/rpc-message.ts';
import type { EventJson } from '../rpc/schemas.ts';
import type { DaemonConnection } from './daemon-connection.ts';
import { EVENTS_HELD_MAX } from './limits.ts';
import { type Call, readSnapshot } from './snapshot.ts';
import type { StateWriter } from './state-writer.ts';
import type { ViewState } from './view-state.ts';

export interface DaemonSyncOptions {
  readonly connection: Pick<DaemonConnection, 'generation' | 'drop' | 'settle'>;
  readonly call: Call;
  readonly writer: StateWriter;
  readonly isDraftDirty: (chat: string) => boolean;
  readonly onOvertaken: (list: 'contacts' | 'chats') => void;
  readonly onChatsWhole: () => void;
  readonly handleEvent: (event: EventJson) => void;
  /** Everything is as the daemon has it. `before` is what was shown until the connection was lost. */
  readonly onSynced: (before: ViewState | undefined) => void;
  /** The daemon's history is not the one that was shown: rows known from it may not exist. */
  readonly onOtherHistory: () => void;
}

/** One reading of all lists. */
interface Reading {
  readonly number: number;
  /** Of the connection that it is made on. */
  readonly generation: number;
  readonly outcome: Promise<Result<void, RpcError>>;
}

/**
 * From a fresh connection to a state that follows the daemon: watch from where the last connection ended, read the lists,
 * then let the events in that came meanwhile. An event may be older than the list it meets; the events behind it are not,
 * so the last word is always the daemon's newest.
 */
export class DaemonSync {
  readonly #options: DaemonSyncOptions;
  /** Position in the daemon's changes; undefined before the first connection. */
  #cursor: string | undefined;
  /** Events that wait for the lists; undefined once they go straight in. */
  #held: EventJson[] | undefined = [];
  /** Names the newest reading of the lists. */
  #readings = 0;
  /** Events of one piece of input, written as one change. */
  #arrived: EventJson[] = [];

  constructor(options: DaemonSyncOptions) {
    this.#options = options;
  }

  handleEvent(event: EventJson): void {
    if (this.#held) {
      if (this.#held.length < EVENTS_HELD_MAX) this.#held.push(event);
      else this.#startAnew();
      return;
    }
    if (this.#arrived.push(event) === 1) queueMicrotask(() => this.flush());
  }

  /** Writes what arrived; before an answer is used, so that nothing overtakes anything. */
  flush(): void {
    const events = this.#arrived;
    this.#arrived = [];
    this.#handleAll(events);
  }

  /** The connection ended: what it still held is told again by the next one, because the cursor did not move. */
  handleLost(): void {
    this.flush();
    this.#held = [];
  }

  async run(): Promise<void> {
    const { connection, call, writer, onOtherHistory } = this.#options;
    const { generation } = connection;
    const before = writer.state;
    const since = this.#cursor;
    this.#held = [];
    const watching = call('watch.start', since === undefined ? {} : { since });
    // The daemon takes calls in their order: the lists are read behind the beginning of the watch without waiting for it.
    const snapshot = this.#readLists();
    const watch = await watching;
    if (!this.#goesOn(watch, generation) || !watch.ok) return;
    const isOther = since !== undefined && Number(watch.value.cursor) < Number(since);
    this.#cursor = watch.value.cursor;
    if (isOther) onOtherHistory();
    await this.#finish(snapshot, before);
  }

  /** Every list again on the same connection, whose watch goes on: somebody else is signed in, or somebody at all. */
  async readAnew(): Promise<void> {
    this.#held ??= [];
    await this.#finish(this.#readLists(), undefined);
  }

  #readLists(): Reading {
    const { connection, call, writer, isDraftDirty, onOvertaken, onChatsWhole } = this.#options;
    return {
      number: ++this.#readings,
      generation: connection.generation,
      outcome: readSnapshot({ call, writer, isDraftDirty, onOvertaken, onChatsWhole }),
    };
  }

  /** @param before what was shown until the connection was lost; undefined: nothing that could have been missed */
  async #finish({ number, generation, outcome }: Reading, before: ViewState | undefined): Promise<void> {
    const { connection, writer, onSynced } = this.#options;
    const snapshot = await outcome;
    // Begun anew meanwhile: the newer reading tells when all is there.
    if (number !== this.#readings || !this.#goesOn(snapshot, generation)) return;
    connection.settle();
    writer.batch(() => {
      const held = this.#held ?? [];
      this.#held = undefined;
      this.#handleAll(held);
      writer.patch({ daemon: { state: 'open' } });
    });
    onSynced(before);
  }

  /** An answer that cannot be used ends the connection: the next attempt reads everything again. */
  #goesOn(outcome: Result<unknown, RpcError>, generation: number): boolean {
    const { connection } = this.#options;
    if (generation !== connection.generation) return false;
    if (!outcome.ok) connection.drop();
    return outcome.ok;
  }

  #handleAll(events: readonly EventJson[]): void {
    if (events.length === 0) return;
    this.#options.writer.batch(() => {
      for (const event of events) {
        this.#options.handleEvent(event);
        if (Number(event.cursor) > Number(this.#cursor ?? 0)) this.#cursor = event.cursor;
      }
    });
  }

  /** More happened than is worth following one by one: the lists and pages are read instead. */
  #startAnew(): void {
    this.#held = [];
    this.#cursor = undefined;
    this.#options.onOtherHistory();
    this.#options.connection.drop();
  }
}
