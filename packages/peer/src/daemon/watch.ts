import type { AccountNumber } from '@magpie/common/ids.ts';
import { ok, type Result } from '@magpie/common/result.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { RpcParams } from '@magpie/common/rpc/rpc-table.ts';
import type { EventJson, EventType } from '@magpie/common/rpc/schemas.ts';
import type { Engine, EngineEvent } from '../engine/engine.ts';
import { SHOWN_KINDS } from '../store/message.ts';
import { eventJson } from './views.ts';

/** Rows fetched at a time while old changes are replayed. */
const REPLAY_ROWS_PER_PAGE = 100;
/** Live events held back while a replay runs; a watcher so slow that more pile up is cut off. */
const HELD_EVENTS_MAX = 10_000;

export interface WatchSink {
  send(event: EventJson): void;
  /** Resolves once the client has taken enough of what was sent for more; false when it is gone. */
  ready(): Promise<boolean>;
  /** The client cannot keep up. */
  cutOff(): void;
}

/** One client's stream of events: first the changes after `since`, then what happens, nothing twice in between. */
export class Watch {
  readonly #engine: Engine;
  readonly #sink: WatchSink;
  readonly #types: ReadonlySet<EventType> | undefined;
  readonly #chat: AccountNumber | undefined;
  #unsubscribe: () => void = () => {};
  /** Events that came during the replay; undefined once the stream is live. */
  #held: EngineEvent[] | undefined = [];
  #cursor = 0;
  /** A message that appeared behind it is new to this watcher. */
  #since = 0;
  /** Changes up to here were told by the replay, or were there before the watch. */
  #toldUpTo = 0;
  #closed = false;

  private constructor(engine: Engine, sink: WatchSink, params: RpcParams<'watch.start'>, chat?: AccountNumber) {
    this.#engine = engine;
    this.#sink = sink;
    this.#types = params.types ? new Set(params.types) : undefined;
    this.#chat = chat;
  }

  /** Subscribes; call `run` next, once the answer with the cursor is on its way. */
  static async open(
    engine: Engine,
    sink: WatchSink,
    params: RpcParams<'watch.start'>,
  ): Promise<Result<Watch, RpcError>> {
    const contact = params.chat === undefined ? undefined : await engine.contact(params.chat);
    if (contact && !contact.ok) return contact;
    const watch = new Watch(engine, sink, params, contact?.value.account);
    watch.#unsubscribe = engine.subscribe((event) => watch.#handleEvent(event));
    const newest = await engine.cursor();
    // An older copy of the profile counts from below what a newer one has told: what happens from now on is told all the same.
    watch.#cursor = params.since === undefined ? newest : Math.min(Number(params.since), newest);
    watch.#since = watch.#cursor;
    watch.#toldUpTo = watch.#cursor;
    return ok(watch);
  }

  get cursor(): string {
    return String(this.#cursor);
  }

  /** @param replay true when the client named a cursor */
  async run(replay: boolean): Promise<void> {
    if (replay) await this.#replay();
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#publish(event);
  }

  close(): void {
    this.#closed = true;
    this.#held = undefined;
    this.#unsubscribe();
  }

  async #replay(): Promise<void> {
    while (await this.#sink.ready()) {
      const rows = await this.#engine.changesSince(this.#cursor, REPLAY_ROWS_PER_PAGE);
      for (const message of rows) this.#publish({ type: 'message', message, isNew: message.born > this.#since });
      this.#toldUpTo = this.#cursor;
      if (rows.length < REPLAY_ROWS_PER_PAGE) return;
    }
  }

  #handleEvent(event: EngineEvent): void {
    if (!this.#held) {
      this.#publish(event);
    } else if (this.#held.length < HELD_EVENTS_MAX) {
      this.#held.push(event);
    } else {
      this.close();
      this.#sink.cutOff();
    }
  }

  #publish(event: EngineEvent): void {
    if (this.#closed) return;
    if (event.type === 'message') {
      // Changes that share a sync are not always told in their order, so the newest cursor says nothing about others.
      if (event.message.change <= this.#toldUpTo) return;
      this.#cursor = Math.max(this.#cursor, event.message.change);
      if (!SHOWN_KINDS.includes(event.message.kind)) return;
    }
    if (!this.#concernsChat(event)) return;
    const json = eventJson(event, this.cursor);
    if (!this.#types || this.#types.has(json.type)) this.#sink.send(json);
  }

  #concernsChat(event: EngineEvent): boolean {
    if (this.#chat === undefined) return true;
    switch (event.type) {
      case 'message':
        return event.message.chat === this.#chat;
      case 'draft':
        return event.draft.account === this.#chat;
      case 'typing':
      case 'presence':
      case 'unread':
      case 'deleted':
        return event.account === this.#chat;
      case 'contact':
        return event.contact.account === this.#chat;
      case 'path':
        return event.path.account === this.#chat;
      case 'link':
      case 'notice':
      case 'account':
      case 'approval':
      case 'settings':
        return false;
    }
  }
}
