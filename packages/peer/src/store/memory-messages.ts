import { assert } from '@magpie/common/assert.ts';
import type { AccountNumber, MessageId } from '@magpie/common/ids.ts';
import { compareMessages } from '../messaging/conversation-order.ts';
import type { MessageQuery, StoredMessage } from './store.ts';

type Key = string;

/** The message table of the memory store: rows by key, and what the questions need to find them. */
export class MemoryMessages {
  #rows = new Map<Key, StoredMessage>();
  /** The row of change n is at n - 1; a row counts only at its newest change. */
  #changes: Key[] = [];
  /** Own numbers without a receipt, in the order in which they got their number. */
  #owed = new Map<Key, AccountNumber>();

  copy(): MemoryMessages {
    const copy = new MemoryMessages();
    copy.#rows = new Map(this.#rows);
    copy.#changes = [...this.#changes];
    copy.#owed = new Map(this.#owed);
    return copy;
  }

  add(message: Omit<StoredMessage, 'change'>): StoredMessage {
    const key = keyOf(message);
    assert(!this.#rows.has(key), 'a message is added once');
    if (message.direction === 'out') this.#owed.set(key, message.chat);
    return this.#write(key, message);
  }

  /** @param oweAgain the row has a new number, behind all others */
  replace(message: StoredMessage, oweAgain = false): StoredMessage {
    const key = keyOf(message);
    assert(this.#rows.has(key), 'only what is there is replaced');
    if (oweAgain) this.#owed.set(key, message.chat);
    return this.#write(key, message);
  }

  /** Its number is committed by the friend. */
  settle(message: StoredMessage): void {
    this.#owed.delete(keyOf(message));
  }

  outgoing(id: MessageId): StoredMessage | undefined {
    return this.#rows.get(`out/${id}`);
  }

  incoming(chat: AccountNumber, id: MessageId): StoredMessage | undefined {
    return this.#rows.get(`in/${chat}/${id}`);
  }

  message(id: MessageId): StoredMessage | undefined {
    const own = this.outgoing(id);
    if (own) return own;
    return [...this.#rows.values()].filter((m) => m.id === id).sort((a, b) => b.chat - a.chat)[0];
  }

  ofChat(chat: AccountNumber, direction: 'in' | 'out'): StoredMessage[] {
    return [...this.#rows.values()].filter((m) => m.chat === chat && m.direction === direction);
  }

  unread(chat: AccountNumber): StoredMessage[] {
    return this.ofChat(chat, 'in').filter((m) => m.kind === 'text' && m.state === 'delivered');
  }

  markRead(chat: AccountNumber, upTo: MessageId | undefined): readonly StoredMessage[] {
    const last = upTo === undefined ? undefined : this.#inChat(chat, upTo);
    if (upTo !== undefined && !last) return [];
    return this.unread(chat)
      .filter((m) => !last || compareMessages(m, last) <= 0)
      .sort(compareMessages)
      .map((m) => this.replace({ ...m, state: 'read' }));
  }

  chatsOwed(): readonly AccountNumber[] {
    return [...new Set(this.#owed.values())].sort((a, b) => a - b);
  }

  owed(chat: AccountNumber): readonly StoredMessage[] {
    return [...this.#owed].filter(([, owedTo]) => owedTo === chat).map(([key]) => this.#rows.get(key)!);
  }

  undelivered(chat: AccountNumber, limit: number): readonly StoredMessage[] {
    return this.owed(chat).slice(0, limit).map(asSent);
  }

  /** Own messages of the chat that `wanted` names, in the order in which they were committed, which is that of their numbers. */
  sentInOrder(
    chat: AccountNumber,
    limit: number,
    wanted: (message: StoredMessage) => boolean,
  ): readonly StoredMessage[] {
    return this.ofChat(chat, 'out').filter(wanted).slice(0, limit).map(asSent);
  }

  messages({ chat, limit, before, after }: MessageQuery): readonly StoredMessage[] {
    const first = after === undefined ? undefined : this.#inChat(chat, after);
    const last = before === undefined ? undefined : this.#inChat(chat, before);
    if ((after !== undefined && !first) || (before !== undefined && !last)) return [];
    const page = [...this.#rows.values()]
      .filter((m) => m.chat === chat && m.kind === 'text')
      .filter((m) => (!first || compareMessages(m, first) > 0) && (!last || compareMessages(m, last) < 0))
      .sort(compareMessages);
    return first ? page.slice(0, limit) : page.slice(Math.max(0, page.length - limit));
  }

  changesSince(change: number, limit: number): readonly StoredMessage[] {
    const found: StoredMessage[] = [];
    for (let at = Math.max(0, change); at < this.#changes.length && found.length < limit; at++) {
      const row = this.#rows.get(this.#changes[at]!)!;
      if (row.change === at + 1) found.push(row);
    }
    return found;
  }

  lastChange(): number {
    return this.#changes.length;
  }

  #inChat(chat: AccountNumber, id: MessageId): StoredMessage | undefined {
    const own = this.outgoing(id);
    return own?.chat === chat ? own : this.incoming(chat, id);
  }

  #write(key: Key, message: Omit<StoredMessage, 'change'>): StoredMessage {
    this.#changes.push(key);
    const row: StoredMessage = { ...message, change: this.#changes.length };
    this.#rows.set(key, row);
    return row;
  }
}

/** A refused message keeps its number, which goes out empty (R17). */
function asSent(message: StoredMessage): StoredMessage {
  return message.state === 'refused' ? { ...message, kind: 'void', text: '' } : message;
}

/** An own id is one message whatever the chat; a friend's id means something only in the friend's own chat. */
function keyOf({ direction, chat, id }: Pick<StoredMessage, 'direction' | 'chat' | 'id'>): Key {
  return direction === 'out' ? `out/${id}` : `in/${chat}/${id}`;
}
