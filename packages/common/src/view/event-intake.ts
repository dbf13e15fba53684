import { unreachable } from '../assert.ts';
import type { ContactJson, EventJson, MessageJson, NoticeJson, SettingsJson } from '../rpc/schemas.ts';
import type { ChatSummaries } from './chat-summaries.ts';
import type { ContactRefresher } from './contact-refresher.ts';
import type { Conversations } from './conversations.ts';
import type { StateWriter } from './state-writer.ts';
import { ToldIds } from './told-ids.ts';
import type { ViewHappening } from './view-state.ts';

export interface EventIntakeOptions {
  readonly writer: StateWriter;
  readonly conversations: Conversations;
  readonly summaries: ChatSummaries;
  readonly refresher: ContactRefresher;
  readonly isDraftDirty: (chat: string) => boolean;
  /** A row of ours: the daemon has it, whether it came to answer or not. */
  readonly onOwnRow: (chat: string) => void;
  /** The own account, presence or settings changed in a way that the event does not carry. */
  readonly onAccount: () => void;
  readonly onHappening: (happening: ViewHappening) => void;
}

/** What the daemon tells of, written into the state; and what of it is worth a sound or a notification. */
export class EventIntake {
  readonly #options: EventIntakeOptions;
  readonly #told = new ToldIds();

  constructor(options: EventIntakeOptions) {
    this.#options = options;
  }

  handle(event: EventJson): void {
    const { writer, conversations, refresher } = this.#options;
    switch (event.type) {
      case 'message':
        return this.#handleMessage(event.data, true);
      case 'receipt':
        return this.#handleMessage(event.data, false);
      case 'typing':
        return writer.patchContact(event.data.id, { typing: event.data.active });
      case 'draft':
        if (this.#options.isDraftDirty(event.data.chat)) return;
        return writer.set('drafts', event.data.chat, event.data.text === '' ? undefined : event.data);
      case 'presence':
        writer.patchContact(event.data.id, { presence: event.data.presence });
        // Status text and last seen go with it.
        return refresher.refresh(event.data.id);
      case 'contact':
        return this.handleContact(event.data);
      case 'path':
        writer.patchContact(event.data.id, { path: event.data.path });
        return writer.set('paths', event.data.id, event.data);
      case 'link':
        return this.#handleLink(event.data.state, event.data.error);
      case 'notice':
        return this.handleNotice(event.data);
      case 'account':
        writer.patch({ account: event.data });
        return this.#options.onAccount();
      case 'approval':
        return this.#options.onHappening({ type: 'approval', ...event.data });
      case 'unread':
        return this.#handleUnread(event.data.chat, event.data.unread);
      case 'deleted':
        conversations.handleDeleted(event.data.chat);
        return refresher.refreshAll('chats');
      case 'settings':
        return this.#handleSettings(event.data);
      default:
        return unreachable(event);
    }
  }

  /** A contact as it is now, from an event or an answer. */
  handleContact(contact: ContactJson): void {
    const { writer, onHappening } = this.#options;
    const before = writer.state.contacts.get(contact.id);
    writer.set('contacts', contact.id, contact);
    this.#handleUnread(contact.id, contact.unread);
    if (contact.state === 'asking' && before?.state !== 'asking') onHappening({ type: 'request', contact });
  }

  handleNotice(notice: NoticeJson): void {
    const { writer, onHappening } = this.#options;
    const { notices } = writer.state;
    const known = notices.some(({ id }) => id === notice.id);
    writer.patch({
      notices: known ? notices.map((each) => (each.id === notice.id ? notice : each)) : [notice, ...notices],
    });
    if (!known && !notice.dismissed) onHappening({ type: 'notice', notice });
  }

  /** What came while nobody was connected is in the lists, which were read anew; rows are told of by the replay. */
  tellMissed(before: {
    readonly contacts: ReadonlyMap<string, ContactJson>;
    readonly notices: readonly NoticeJson[];
  }): void {
    const { writer, onHappening } = this.#options;
    const { contacts, notices } = writer.state;
    for (const contact of contacts.values()) {
      const then = before.contacts.get(contact.id);
      if (contact !== then && contact.state === 'asking' && then?.state !== 'asking')
        onHappening({ type: 'request', contact });
    }
    const known = new Set(before.notices.map(({ id }) => id));
    const newestKnown = before.notices[0];
    for (const notice of notices) {
      const isNew = !known.has(notice.id) && (!newestKnown || Number(notice.id) > Number(newestKnown.id));
      if (isNew && !notice.dismissed) onHappening({ type: 'notice', notice });
    }
  }

  /** @param appeared false when a row changed that was there before */
  #handleMessage(row: MessageJson, appeared: boolean): void {
    const { writer, conversations, summaries, onHappening } = this.#options;
    writer.touches.touch(`row ${row.id}`);
    const fresh = appeared && this.#told.add(row.id) && row.direction === 'in';
    conversations.handleRow(row, fresh);
    summaries.handleRow(row);
    this.askIfUnsure(row.chat);
    if (row.direction === 'out') this.#options.onOwnRow(row.chat);
    if (!fresh || row.state === 'read') return;
    const contact = writer.state.contacts.get(row.chat);
    if (row.kind === 'nudge') onHappening({ type: 'nudge', message: row, contact });
    else if (row.kind === 'text' || row.kind === 'unsupported') onHappening({ type: 'message', message: row, contact });
  }

  /** Only the daemon counts. */
  #handleUnread(chat: string, unread: number): void {
    const { writer, summaries } = this.#options;
    writer.patchContact(chat, { unread });
    summaries.handleUnread(chat, unread);
    this.askIfUnsure(chat);
  }

  /** What is missing may be told of right behind; when it is not, the daemon's list is read again. */
  askIfUnsure(chat: string): void {
    const { summaries, refresher } = this.#options;
    queueMicrotask(() => {
      if (summaries.isUnsure(chat)) refresher.refreshAll('chats');
    });
  }

  #handleSettings({ presence, privacy, neverDirect }: SettingsJson): void {
    const { writer, onAccount } = this.#options;
    const { status } = writer.state;
    writer.patch({ presence, privacy });
    if (status) writer.patch({ status: { ...status, presence: presence.presence, wish: presence.wish, neverDirect } });
    // An answer of before may be on its way.
    onAccount();
  }

  #handleLink(state: NonNullable<StateWriter['state']['status']>['server']['state'], lastError: string | null): void {
    const { writer, onAccount } = this.#options;
    const { status } = writer.state;
    if (status) writer.patch({ status: { ...status, server: { ...status.server, state, lastError } } });
    onAccount();
  }
}
