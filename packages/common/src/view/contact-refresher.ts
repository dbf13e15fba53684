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
  #running = false;

  constructor(options: ContactRefresherOptions) {
    this.#options = options;
  }

  refresh(contact: string): void {
    this.#due.add(contact);
    void this.#run();
  }

  refreshChats(): void {
    this.#chatsDue = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    // What comes in one go is one pass.
    await Promise.resolve();
    while (this.#due.size > 0 || this.#chatsDue) {
      const due = [...this.#due];
      const { writer, summaries, call } = this.#options;
      this.#due.clear();
      if (due.length > CONTACTS_READ_SINGLY_MAX) await readContacts(call, writer);
      else await this.#readSingly(due);
      if (this.#chatsDue) {
        this.#chatsDue = false;
        const chats = await readChats(call, writer);
        if (chats.ok) summaries.clear();
      }
    }
    this.#running = false;
  }

  /** What fails because the connection went is read with all lists once it is back. */
  async #readSingly(due: readonly string[]): Promise<void> {
    const { call, writer } = this.#options;
    const shown = await Promise.all(due.map((who) => call('contact.show', { who })));
    writer.batch(() => {
      for (const each of shown) if (each.ok) writer.set('contacts', each.value.id, each.value);
    });
  }
}
