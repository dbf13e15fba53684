import type { ChatSummaries } from './chat-summaries.ts';
import { CONTACTS_READ_SINGLY_MAX } from './limits.ts';
import { type Call, readChats, readContacts } from './snapshot.ts';
import type { StateWriter } from './state-writer.ts';

export interface ContactRefresherOptions {
  readonly call: Call;
  readonly writer: StateWriter;
  readonly summaries: ChatSummaries;
}

/**
 * Reads again what no event carries whole: a contact whose presence changed, and the list of conversations where its first
 * unread row is not known here. One pass at a time; what changes during a pass is read by the next one.
 */
export class ContactRefresher {
  readonly #options: ContactRefresherOptions;
  readonly #due = new Set<string>();
  #chatsDue = false;
  #contactsDue = false;
  #running = false;

  constructor(options: ContactRefresherOptions) {
    this.#options = options;
  }

  refresh(contact: string): void {
    this.#due.add(contact);
    void this.#run();
  }

  /** The whole list. */
  refreshAll(list: 'contacts' | 'chats'): void {
    if (list === 'chats') this.#chatsDue = true;
    else this.#contactsDue = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    // What comes in one go is one pass.
    await Promise.resolve();
    while (this.#due.size > 0 || this.#chatsDue || this.#contactsDue) {
      const due = [...this.#due];
      const isAll = this.#contactsDue || due.length > CONTACTS_READ_SINGLY_MAX;
      const chatsDue = this.#chatsDue;
      this.#due.clear();
      this.#chatsDue = false;
      this.#contactsDue = false;
      await Promise.all([
        isAll ? this.#readContacts() : this.#readSingly(due),
        chatsDue ? this.#readChats() : undefined,
      ]);
    }
    this.#running = false;
  }

  async #readChats(): Promise<void> {
    const { call, writer, summaries } = this.#options;
    const isWhole = await readChats(call, writer);
    if (!isWhole.ok) return;
    summaries.clear();
    this.#chatsDue ||= !isWhole.value;
  }

  async #readContacts(): Promise<void> {
    const { call, writer } = this.#options;
    const isWhole = await readContacts(call, writer);
    this.#contactsDue ||= isWhole.ok && !isWhole.value;
  }

  /** What fails because the connection went is read with all lists once it is back. */
  async #readSingly(due: readonly string[]): Promise<void> {
    const { call, writer } = this.#options;
    const { mark } = writer.touches;
    const shown = await Promise.all(due.map((who) => call('contact.show', { who })));
    writer.batch(() => {
      for (const each of shown) {
        if (!each.ok) continue;
        const { id } = each.value;
        if (writer.touches.isTouchedSince(`contacts ${id}`, mark)) this.#due.add(id);
        else writer.set('contacts', id, each.value);
      }
    });
  }
}
