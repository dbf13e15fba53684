import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import { MemoryContacts } from './memory-contacts.ts';
import { MemoryDrafts } from './memory-drafts.ts';
import { MemoryHistory } from './memory-history.ts';
import { MemoryMail } from './memory-mail.ts';
import { MemoryNumberings } from './memory-numberings.ts';
import { MemoryOwn } from './memory-own.ts';
import { MemoryProfile } from './memory-profile.ts';
import { MemoryRows } from './memory-rows.ts';
import type { StoredMessage } from './store.ts';
import type { SyncCalls } from './store-call-names.ts';
import { callsOver } from './store-calls.ts';

interface MemoryParts {
  readonly profile: MemoryProfile;
  readonly contacts: MemoryContacts;
  readonly own: MemoryOwn;
  readonly rows: MemoryRows;
  readonly numberings: MemoryNumberings;
  readonly mail: MemoryMail;
  readonly drafts: MemoryDrafts;
}

/**
 * What a peer remembers, as plain values without any durability: the same calls on two of these give the same two
 * states, which is how MemoryPeerStore knows what a crash leaves.
 */
export class MemoryState {
  readonly #parts: MemoryParts;
  /** The port. */
  readonly calls: SyncCalls;
  readonly messages: MemoryMessages;

  readonly profile: SyncCalls['profile'];
  readonly saveProfile: SyncCalls['saveProfile'];
  readonly updateProfile: SyncCalls['updateProfile'];
  readonly contacts: SyncCalls['contacts'];
  readonly meetDevices: SyncCalls['meetDevices'];
  readonly devicesBehind: SyncCalls['devicesBehind'];
  readonly commitOutgoing: SyncCalls['commitOutgoing'];
  readonly commitIncoming: SyncCalls['commitIncoming'];
  readonly openNumbering: SyncCalls['openNumbering'];
  readonly applyReceipt: SyncCalls['applyReceipt'];
  readonly applyRefusal: SyncCalls['applyRefusal'];

  constructor(parts: MemoryParts = freshParts()) {
    this.#parts = parts;
    const { profile, contacts, own, rows, numberings, mail, drafts } = parts;
    const calls = callsOver({
      tables: { rows, numberings, mail },
      profiles: profile,
      contacts: {
        contacts: () => contacts.all().map((one) => ({ ...one, unread: rows.unreadCount(one.account) })),
        applyRoster: (entries) => contacts.applyRoster(entries),
        acceptAccountKey: (account, verified) => contacts.accept(account, verified),
        pinAccountKey: (account, accountKey, verified) => contacts.pin(account, accountKey, verified),
        note: (account, patch) => contacts.note(account, patch),
      },
      own,
      history: new MemoryHistory(rows, drafts).calls,
    });
    this.calls = calls;
    this.messages = new MemoryMessages(calls, rows, numberings);
    this.profile = calls.profile;
    this.saveProfile = calls.saveProfile;
    this.updateProfile = calls.updateProfile;
    this.contacts = calls.contacts;
    this.meetDevices = calls.meetDevices;
    this.devicesBehind = calls.devicesBehind;
    this.commitOutgoing = calls.commitOutgoing;
    this.commitIncoming = calls.commitIncoming;
    this.openNumbering = calls.openNumbering;
    this.applyReceipt = calls.applyReceipt;
    this.applyRefusal = calls.applyRefusal;
  }

  copy(): MemoryState {
    const { profile, contacts, own, rows, numberings, mail, drafts } = this.#parts;
    return new MemoryState({
      profile: profile.copy(),
      contacts: contacts.copy(),
      own: own.copy(),
      rows: rows.copy(),
      numberings: numberings.copy(),
      mail: mail.copy(),
      drafts: drafts.copy(),
    });
  }
}

/** The messages of a state, for an observer beside the peer. */
export class MemoryMessages {
  readonly #rows: MemoryRows;
  readonly #numberings: MemoryNumberings;
  readonly undelivered: SyncCalls['undelivered'];
  readonly messages: SyncCalls['messages'];

  constructor(calls: SyncCalls, rows: MemoryRows, numberings: MemoryNumberings) {
    this.#rows = rows;
    this.#numberings = numberings;
    this.undelivered = calls.undelivered;
    this.messages = calls.messages;
  }

  outgoing(id: MessageId): StoredMessage | undefined {
    return this.#rows.outgoing(id)?.message;
  }

  incoming(chat: AccountNumber, id: MessageId): StoredMessage | undefined {
    return this.#rows.incoming(chat, id)?.message;
  }

  /** Up to where a numbering of a friend's device is committed without a gap. */
  committedUpTo(chat: AccountNumber, device: DeviceId, incarnation: Incarnation): number {
    return this.#numberings.numbering({ chat, kind: 'in', device, incarnation })?.upTo ?? 0;
  }

  /** On disk ahead of a number that is missing. */
  isHeld(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, sequence: number): boolean {
    return this.#numberings.isHeld(chat, device, incarnation, sequence);
  }

  /** Of every kind, in the order of their commits. */
  ofChat(chat: AccountNumber, direction: 'in' | 'out'): readonly StoredMessage[] {
    return this.#rows
      .all()
      .map(({ message }) => message)
      .filter((message) => message.chat === chat && message.direction === direction);
  }
}

function freshParts(): MemoryParts {
  return {
    profile: new MemoryProfile(),
    contacts: new MemoryContacts(),
    own: new MemoryOwn(),
    rows: new MemoryRows(),
    numberings: new MemoryNumberings(),
    mail: new MemoryMail(),
    drafts: new MemoryDrafts(),
  };
}
