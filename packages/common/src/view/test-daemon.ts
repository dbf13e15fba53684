import { LineDecoder } from '../rpc/line-decoder.ts';
import { encodeRpcMessage, parseRpcLine, type RpcError, type RpcMessage } from '../rpc/rpc-message.ts';
import type {
  ChatJson,
  ContactJson,
  DraftJson,
  EventJson,
  MessageJson,
  NoticeJson,
  StatusJson,
} from '../rpc/schemas.ts';
import { compareRows } from './row-order.ts';
import { contactOf, OWN_ACCOUNT, rowOf, statusOf } from './test-rows.ts';
import type { DaemonConnector } from './view-model.ts';

type Handlers = Parameters<DaemonConnector['connect']>[0];
type EventBody = EventJson extends infer E ? (E extends EventJson ? Omit<E, 'cursor'> : never) : never;

interface Kept {
  row: MessageJson;
  readonly born: number;
  change: number;
}

/** One connection: calls that were not looked at, and lines that have not arrived. */
interface Line {
  readonly handlers: Handlers;
  readonly calls: (RpcMessage & { kind: 'call' })[];
  readonly out: RpcMessage[];
  /** Answers that were made and are overtaken by what happens. */
  readonly late: RpcMessage[];
  watching: boolean;
}

/** A daemon with a history in memory. Nothing moves by itself: `look` takes calls up, `deliver` lets lines arrive. */
export class TestDaemon implements DaemonConnector {
  readonly rows = new Map<string, Kept>();
  readonly contacts = new Map<string, ContactJson>();
  readonly drafts = new Map<string, DraftJson>();
  notices: NoticeJson[] = [];
  status: StatusJson = statusOf();
  /** Every call that was looked at. */
  readonly calls: { readonly method: string; readonly params: Record<string, unknown> }[] = [];
  /** Errors to answer with instead, by method. */
  readonly failing = new Map<string, RpcError>();
  up = true;
  refusal: RpcError | undefined;
  connections = 0;
  #change = 0;
  #clock = 1_800_000_000_000;
  #line: Line | undefined;

  connect(handlers: Handlers): void {
    this.connections++;
    queueMicrotask(() => {
      if (!this.up || this.refusal) return handlers.onClose(this.refusal);
      const decoder = new LineDecoder();
      const line: Line = { handlers, calls: [], out: [], late: [], watching: false };
      this.#line = line;
      line.out.push({ kind: 'notification', method: 'hello', params: { schema: 1, version: '0', pid: 1 } });
      handlers.onOpen({
        write: (bytes) => {
          const lines = decoder.handleBytes(bytes);
          for (const each of lines.ok ? lines.value : []) {
            const parsed = parseRpcLine(each);
            if (parsed.ok && parsed.value.kind === 'call') line.calls.push(parsed.value);
          }
        },
        close: () => this.#cut(line),
      });
    });
  }

  /** What has not arrived by now never will. */
  drop(): void {
    if (this.#line) this.#cut(this.#line);
  }

  get idle(): boolean {
    const line = this.#line;
    return !line || line.calls.length + line.out.length + line.late.length === 0;
  }

  /** @param late the answer stays behind until `hurry`, and events overtake it */
  look(late = false): void {
    const line = this.#line;
    const call = line?.calls.shift();
    if (line && call) (late ? line.late : line.out).push(...this.#answer(call, line));
  }

  hurry(): void {
    const line = this.#line;
    line?.out.push(...line.late.splice(0));
  }

  deliver(count = 1): void {
    const line = this.#line;
    if (!line) return;
    const bytes = line.out.splice(0, count).map((message) => encodeRpcMessage(message));
    const whole = new Uint8Array(Buffer.concat(bytes));
    if (whole.length > 0) line.handlers.onBytes(whole);
  }

  receive(chat: string, patch: Partial<MessageJson> = {}): MessageJson {
    const row = rowOf({ chat, from: chat, direction: 'in', state: 'delivered', at: this.tick(), ...patch });
    this.keep(row);
    this.#tellUnread(chat);
    return row;
  }

  /** A new row, or one that changed. */
  keep(row: MessageJson): void {
    const before = this.rows.get(row.id);
    const change = ++this.#change;
    this.rows.set(row.id, { row, born: before?.born ?? change, change });
    this.emit({ type: before ? 'receipt' : 'message', data: row });
  }

  delete(chat: string, ids: readonly string[]): void {
    for (const id of ids) this.rows.delete(id);
    this.emit({ type: 'deleted', data: { chat } });
    this.#tellUnread(chat);
  }

  befriend(id: string, patch: Partial<ContactJson> = {}): void {
    this.contacts.set(id, contactOf({ id, ...this.contacts.get(id), ...patch }));
    this.emit({ type: 'contact', data: this.contact(id) });
  }

  emit(event: EventBody): void {
    if (!this.#line?.watching) return;
    this.#line.out.push({ kind: 'notification', method: 'event', params: { cursor: String(this.#change), ...event } });
  }

  /** As if a copy of the profile from before had been put back. */
  restore(change: number): void {
    for (const [id, kept] of this.rows) if (kept.born > change) this.rows.delete(id);
    this.#change = change;
  }

  get change(): number {
    return this.#change;
  }

  tick(): string {
    this.#clock += 1_000;
    return new Date(this.#clock).toISOString();
  }

  conversation(chat: string): readonly MessageJson[] {
    return [...this.rows.values()]
      .map(({ row }) => row)
      .filter((row) => row.chat === chat)
      .sort(compareRows);
  }

  unread(chat: string): readonly MessageJson[] {
    return this.conversation(chat).filter(({ direction, state }) => direction === 'in' && state !== 'read');
  }

  contact(id: string): ContactJson {
    return { ...contactOf(this.contacts.get(id) ?? { id }), unread: this.unread(id).length };
  }

  chats(): ChatJson[] {
    const all = [...this.contacts.keys()].flatMap((id): ChatJson[] => {
      const row = this.conversation(id).at(-1);
      if (!row) return [];
      const { at, direction, kind, text, recalled, state, reason } = row;
      const last = { id: row.id, at, direction, kind, text, recalled, state, reason };
      return [{ id, last, unread: this.unread(id).length, firstUnread: this.unread(id)[0]?.id ?? null }];
    });
    return all.sort((a, b) => (a.last!.at < b.last!.at ? 1 : -1));
  }

  #tellUnread(chat: string): void {
    this.emit({ type: 'unread', data: { chat, unread: this.unread(chat).length } });
  }

  #cut(line: Line): void {
    if (this.#line === line) this.#line = undefined;
    line.handlers.onClose(undefined);
  }

  #answer({ id, method, params }: RpcMessage & { kind: 'call' }, line: Line): RpcMessage[] {
    const given = params as Record<string, string & number>;
    this.calls.push({ method, params: given });
    const failure = this.failing.get(method);
    if (failure) return [{ kind: 'failure', id, error: failure }];
    if (method === 'watch.start') return this.#watch(id, given.since, line);
    const result = this.#result(method, given);
    if ('code' in result) return [{ kind: 'failure', id, error: result as unknown as RpcError }];
    return [{ kind: 'answer', id, result }];
  }

  #watch(id: number | string, since: string | undefined, line: Line): RpcMessage[] {
    const from = since === undefined ? this.#change : Math.min(Number(since), this.#change);
    const changed = [...this.rows.values()].filter(({ change }) => change > from).sort((a, b) => a.change - b.change);
    line.watching = true;
    return [
      { kind: 'answer', id, result: { cursor: String(from) } },
      ...changed.map(({ row, born, change }): RpcMessage => {
        const type = born > from ? 'message' : 'receipt';
        return { kind: 'notification', method: 'event', params: { cursor: String(change), type, data: row } };
      }),
    ];
  }

  #result(method: string, params: Record<string, string & number>): object {
    switch (method) {
      case 'status':
        return this.status;
      case 'presence.get':
        return { presence: 'online', text: '', wish: 'online', autoAwayMs: 0 };
      case 'privacy.get':
        return { sendTyping: true, sendReadReceipts: true };
      case 'notice.list':
        return { items: this.notices };
      case 'contact.list':
        return { items: [...this.contacts.keys()].map((id) => this.contact(id)), next: null };
      case 'contact.show':
        return this.contact(params.who!);
      case 'chat.list':
        return this.#chatPage(params);
      case 'draft.list':
        return { items: [...this.drafts.values()] };
      case 'net.path':
        return { items: [] };
      case 'message.list':
        return this.#page(params);
      case 'message.send':
        return this.#send(params);
      case 'message.markRead':
        return this.#markRead(params.chat!, params.upTo!);
      case 'message.delete':
        this.delete(params.chat!, params.ids as unknown as string[]);
        return { deleted: 1 };
      case 'draft.set':
        return this.#setDraft(params);
      default:
        return {};
    }
  }

  #chatPage({ limit, after }: Record<string, string & number>): object {
    const all = this.chats();
    const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
    const items = all.slice(from, from + limit!);
    return { items, next: from + items.length < all.length ? items.at(-1)!.id : null };
  }

  #page({ chat, limit, before, after, around }: Record<string, string & number>): object {
    const all = this.conversation(chat!);
    const at = (id: string): number => all.findIndex((row) => row.id === id);
    if (around) {
      if (at(around) < 0) return { code: 'NOT_FOUND' };
      const from = Math.max(0, at(around) - Math.floor((limit! - 1) / 2));
      const items = all.slice(from, at(around) + limit! - Math.floor((limit! - 1) / 2));
      return { items, next: items[0]?.id ?? null };
    }
    if (after) {
      const items = all.slice(at(after) + 1, at(after) + 1 + limit!);
      return { items, next: items.length === limit ? items.at(-1)!.id : null };
    }
    const end = before ? at(before) : all.length;
    const items = all.slice(Math.max(0, end - limit!), Math.max(0, end));
    return { items, next: items.length === limit ? items[0]!.id : null };
  }

  #send({ to, id, text, replyTo }: Record<string, string & number>): MessageJson {
    const known = this.rows.get(id!);
    if (known) return known.row;
    const row = rowOf({
      chat: to!,
      id: id!,
      from: OWN_ACCOUNT,
      direction: 'out',
      state: 'queued',
      text: text!,
      replyTo: replyTo ?? null,
      at: this.tick(),
    });
    this.keep(row);
    return row;
  }

  #markRead(chat: string, upTo: string): object {
    const row = this.rows.get(upTo)?.row;
    const due = row ? this.unread(chat).filter((each) => compareRows(each, row) <= 0) : [];
    for (const each of due) this.keep({ ...each, state: 'read' });
    if (due.length > 0) this.#tellUnread(chat);
    return { changed: due.length };
  }

  #setDraft({ chat, text, replyTo }: Record<string, string & number>): DraftJson {
    const draft = { chat: chat!, text: text!, replyTo: replyTo ?? null, at: text ? this.tick() : null };
    if (text) this.drafts.set(chat!, draft);
    else this.drafts.delete(chat!);
    this.emit({ type: 'draft', data: draft });
    return draft;
  }
}
