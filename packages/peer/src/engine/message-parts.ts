import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { Result } from '@magpie/common/result.ts';
import type { Contact, Profile, StoredMessage } from '../store/store.ts';
import { ChangeCommands } from './change-commands.ts';
import type { CommandError } from './command-error.ts';
import type { ContactBook } from './contact-book.ts';
import { DraftCommands } from './draft-commands.ts';
import type { DraftView, MessageView } from './engine.ts';
import { HistoryCommands } from './history-commands.ts';
import { MessageCommands } from './message-commands.ts';
import { OutgoingContents, type OutgoingDelivery } from './outgoing-contents.ts';
import type { EnginePorts } from './ports.ts';
import { Privacy } from './privacy.ts';
import type { ServerTime } from './server-time.ts';
import { SystemNotes } from './system-notes.ts';

export interface MessagePartsOptions {
  readonly ports: Pick<EnginePorts, 'clock' | 'random' | 'store' | 'log'>;
  readonly time: ServerTime;
  readonly book: ContactBook;
  readonly delivery: OutgoingDelivery;
  readonly ownDevice: DeviceId;
  readonly profile: () => Profile | undefined;
  readonly find: (who: string) => Result<Contact, CommandError>;
  readonly ensureSession: (device: DeviceId) => void;
  readonly setTyping: (chat: AccountNumber, active: boolean) => void;
  readonly isLaterDevice: () => boolean;
  readonly onMessage: (message: StoredMessage, isNew: boolean) => void;
  readonly onUnread: (account: AccountNumber) => void;
  readonly onDeleted: (account: AccountNumber) => void;
  readonly onPrivacy: () => void;
  readonly onDraft: (draft: DraftView) => void;
}

/** All that commands do with messages, made and joined. */
export class MessageParts {
  readonly messages: MessageCommands;
  readonly changes: ChangeCommands;
  readonly history: HistoryCommands;
  readonly drafts: DraftCommands;
  readonly privacy: Privacy;
  readonly systemNotes: SystemNotes;

  constructor(options: MessagePartsOptions) {
    const { clock, random, store, log } = options.ports;
    const { time, book, delivery, profile, find, onMessage, onUnread, onDeleted, onDraft } = options;
    const wallNow = () => time.wallNow();
    const { ownDevice, ensureSession, setTyping, isLaterDevice } = options;
    const outgoing = new OutgoingContents({ store, book, delivery, ownDevice, wallNow, ensureSession, onMessage });
    const shared = { store, random, time, book, outgoing, delivery, profile, find, onMessage };
    this.messages = new MessageCommands({ ...shared, clock, setTyping, onUnread });
    const view = (message: StoredMessage): MessageView => this.messages.view(message);
    this.changes = new ChangeCommands({ ...shared, view });
    this.history = new HistoryCommands({ ...shared, view, onUnread, onDeleted });
    this.drafts = new DraftCommands({ store, wallNow, find, onDraft });
    this.privacy = new Privacy(store, options.onPrivacy);
    this.systemNotes = new SystemNotes({ store, random, log, wallNow, isLaterDevice, onMessage });
  }
}
