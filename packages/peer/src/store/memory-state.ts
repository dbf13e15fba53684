import type { ContentRefusal, HybridStamp } from '@magpie/common/content/content.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { laterStamp, nextStamp, STAMP_ZERO } from './hybrid-clock.ts';
import { NUMBERINGS_PER_DEVICE_MAX } from './limits.ts';
import { MemoryContacts } from './memory-contacts.ts';
import { MemoryFriendDevices, type OwnNumbering } from './memory-friend-devices.ts';
import { MemoryMessages } from './memory-messages.ts';
import { MemoryOwn } from './memory-own.ts';
import { clipped, reachedBy, type SequenceSpan } from './receipt-ranges.ts';
import type {
  Contact,
  IncomingContent,
  IncomingOutcome,
  MessageRoad,
  NumberingOpening,
  OutgoingText,
  Profile,
  ReceivedNumbering,
  StoredMessage,
} from './store.ts';
import { StoreError } from './store-error.ts';

interface Numbering {
  readonly chat: AccountNumber;
  readonly device: DeviceId;
  readonly incarnation: Incarnation;
  readonly upTo: number;
}

/**
 * What a peer remembers, as plain values without any durability: the same calls on two of these give the same two
 * states, which is how MemoryPeerStore knows what a crash leaves. All values inside are immutable, so a copy is shallow.
 */
export class MemoryState {
  #profile: Profile | undefined;
  #contacts = new MemoryContacts();
  #own = new MemoryOwn();
  #clocks = new Map<AccountNumber, HybridStamp>();
  #sentUpTo = new Map<string, Numbering>();
  #received = new Map<string, Numbering>();
  #peerStamps = new Map<DeviceId, number>();
  #friendDevices = new MemoryFriendDevices();
  #messages = new MemoryMessages();

  copy(): MemoryState {
    const copy = new MemoryState();
    copy.#profile = this.#profile;
    copy.#contacts = this.#contacts.copy();
    copy.#own = this.#own.copy();
    copy.#clocks = new Map(this.#clocks);
    copy.#sentUpTo = new Map(this.#sentUpTo);
    copy.#received = new Map(this.#received);
    copy.#peerStamps = new Map(this.#peerStamps);
    copy.#friendDevices = this.#friendDevices.copy();
    copy.#messages = this.#messages.copy();
    return copy;
  }

  get messages(): MemoryMessages {
    return this.#messages;
  }

  profile(): Profile | undefined {
    return this.#profile;
  }

  saveProfile(profile: Profile): void {
    const before = this.#profile?.incarnation;
    this.#profile = { ...profile };
    if (before !== undefined && before !== profile.incarnation) this.#numberAnew();
  }

  updateProfile(patch: Partial<Profile>): void {
    this.saveProfile({ ...this.#needProfile(), ...patch });
  }

  get knownContacts(): MemoryContacts {
    return this.#contacts;
  }

  get own(): MemoryOwn {
    return this.#own;
  }

  contacts(): readonly Contact[] {
    return this.#contacts
      .all()
      .map((contact) => ({ ...contact, unread: this.#messages.unread(contact.account).length }));
  }

  applyRoster(entries: readonly RosterEntry[], rosterVersion: number): void {
    const profile = this.#needProfile();
    this.#contacts.applyRoster(entries);
    this.#profile = { ...profile, rosterVersion };
  }

  commitOutgoing({ id, chat, device, text }: OutgoingText, wallNow: WallMs): StoredMessage {
    const { incarnation } = this.#needProfile();
    const existing = this.#messages.outgoing(id);
    if (existing) return existing;
    const stamp = nextStamp(this.#clocks.get(chat) ?? STAMP_ZERO, wallNow);
    this.#clocks.set(chat, stamp);
    return this.#messages.add({
      id,
      chat,
      direction: 'out',
      device,
      incarnation,
      sequence: this.#takeSequence(chat, device, incarnation),
      stamp,
      kind: 'text',
      text,
      state: 'queued',
      reason: '',
      road: undefined,
    });
  }

  noteRoad(id: MessageId, road: MessageRoad): void {
    const message = this.#messages.outgoing(id);
    if (!message || message.state === 'delivered' || message.state === 'read') return;
    if (!sameRoad(message.road, road)) this.#messages.replace({ ...message, road: { ...road } });
  }

  meetDevices(chat: AccountNumber, devices: readonly DeviceId[]): void {
    this.#friendDevices.meet(chat, devices, this.#ownNumberings(chat));
  }

  undeliveredTo(chat: AccountNumber, device: DeviceId, limit: number): readonly StoredMessage[] {
    return this.#messages.sentInOrder(chat, limit, ({ incarnation, sequence }) => {
      const progress = this.#friendDevices.progress(chat, device, incarnation);
      return progress !== undefined && sequence > progress.committedUpTo;
    });
  }

  openings(chat: AccountNumber, device: DeviceId): readonly NumberingOpening[] {
    const current = this.#profile?.incarnation;
    const waiting = new Set(this.undeliveredTo(chat, device, Number.MAX_SAFE_INTEGER).map((m) => m.incarnation));
    return this.#friendDevices
      .openings(chat, device)
      .filter(({ incarnation }) => incarnation === current || waiting.has(incarnation));
  }

  devicesBehind(): readonly { readonly chat: AccountNumber; readonly device: DeviceId }[] {
    return this.#friendDevices.chats().flatMap((chat) =>
      this.#friendDevices
        .devicesOf(chat)
        .filter((device) => this.undeliveredTo(chat, device, 1).length > 0)
        .map((device) => ({ chat, device })),
    );
  }

  openNumbering(chat: AccountNumber, device: DeviceId, incarnation: Incarnation, from: number): boolean {
    const key = `${chat}/${device}/${incarnation}`;
    const others = [...this.#received.values()].filter((other) => other.chat === chat && other.device === device);
    if (!this.#received.has(key) && others.length >= NUMBERINGS_PER_DEVICE_MAX) return false;
    if ((this.#received.get(key)?.upTo ?? 0) < from - 1) {
      this.#received.set(key, { chat, device, incarnation, upTo: from - 1 });
    }
    return true;
  }

  applyReceipt(
    chat: AccountNumber,
    incarnation: Incarnation,
    kind: 'delivered' | 'read',
    ranges: readonly SequenceSpan[],
    device: DeviceId,
  ): readonly StoredMessage[] {
    const progress = this.#friendDevices.progress(chat, device, incarnation);
    if (!progress) return [];
    const meant = clipped(ranges, progress.from);
    const given = this.#ownNumberings(chat).find((own) => own.incarnation === incarnation)?.givenUpTo ?? 0;
    this.#friendDevices.advance(chat, device, incarnation, reachedBy(meant, progress.committedUpTo, given));
    const covered = this.#messages
      .ofChat(chat, 'out')
      .filter((m) => m.incarnation === incarnation)
      .filter((m) => meant.some(({ from, to }) => from <= m.sequence && m.sequence <= to))
      .sort((a, b) => a.sequence - b.sequence);
    const changed: StoredMessage[] = [];
    for (const message of covered) {
      this.#messages.settle(message);
      const { state } = message;
      const rises = state === 'queued' || state === 'stored' || (state === 'delivered' && kind === 'read');
      if (rises) changed.push(this.#messages.replace({ ...message, state: kind, reason: '' }));
    }
    return changed;
  }

  applyRefusal(
    chat: AccountNumber,
    incarnation: Incarnation,
    sequence: number,
    reason: ContentRefusal,
  ): readonly StoredMessage[] {
    const message = this.#messages
      .ofChat(chat, 'out')
      .find((m) => m.incarnation === incarnation && m.sequence === sequence);
    if (!message || (message.state !== 'queued' && message.state !== 'stored')) return [];
    const state = reason === 'clock' ? 'queued' : 'refused';
    if (message.state === state && message.reason === reason) return [];
    return [this.#messages.replace({ ...message, state, reason })];
  }

  refuseUndelivered(chat: AccountNumber, neverSent: readonly MessageId[]): readonly StoredMessage[] {
    const reason = 'not-friends';
    const unsent = new Set(neverSent);
    return this.#messages
      .owed(chat)
      .filter((m) => m.state !== 'refused' && (unsent.has(m.id) || m.reason !== reason))
      .map((m) => this.#messages.replace({ ...m, state: unsent.has(m.id) ? 'refused' : m.state, reason }));
  }

  commitIncoming(items: readonly IncomingContent[], _wallNow: WallMs): readonly IncomingOutcome[] {
    return items.map((item) => this.#commitOne(item));
  }

  receivedUpTo(chat: AccountNumber): readonly ReceivedNumbering[] {
    const unread = this.#messages.unread(chat);
    return [...this.#received.values()]
      .filter((numbering) => numbering.chat === chat)
      .sort((a, b) => compareText(a.device, b.device) || compareText(a.incarnation, b.incarnation))
      .map(({ device, incarnation, upTo }) => {
        const firstUnread = unread
          .filter((m) => m.device === device && m.incarnation === incarnation)
          .reduce((lowest, m) => Math.min(lowest, m.sequence), upTo + 1);
        return { device, incarnation, deliveredUpTo: upTo, readUpTo: firstUnread - 1 };
      });
  }

  peerStamp(device: DeviceId): number {
    return this.#peerStamps.get(device) ?? 0;
  }

  savePeerStamp(device: DeviceId, stamp: number): void {
    this.#peerStamps.set(device, stamp);
  }

  #commitOne({ chat, device, content, road }: IncomingContent): IncomingOutcome {
    const key = `${chat}/${device}/${content.incarnation}`;
    const upTo = this.#received.get(key)?.upTo ?? 0;
    if (content.sequence <= upTo) return { kind: 'duplicate' };
    if (content.sequence > upTo + 1) return { kind: 'gap', next: upTo + 1 };
    this.#received.set(key, { chat, device, incarnation: content.incarnation, upTo: content.sequence });
    const known = this.#messages.incoming(chat, content.messageId);
    if (known) {
      // Its sender knows it by the new number only: receipts have to speak of that one.
      const { incarnation, sequence } = content;
      if (known.device === device) this.#messages.replace({ ...known, incarnation, sequence });
      return { kind: 'duplicate' };
    }
    this.#clocks.set(chat, laterStamp(this.#clocks.get(chat) ?? STAMP_ZERO, content.stamp));
    const message = this.#messages.add({
      id: content.messageId,
      chat,
      direction: 'in',
      device,
      incarnation: content.incarnation,
      sequence: content.sequence,
      stamp: content.stamp,
      kind: content.type,
      text: content.type === 'text' ? content.text : '',
      state: 'delivered',
      reason: '',
      road: { ...road },
    });
    return { kind: 'committed', message };
  }

  /** Gives every owed number its place under the profile's new incarnation, in the old order. */
  #numberAnew(): void {
    const { incarnation } = this.#needProfile();
    for (const chat of this.#messages.chatsOwed()) {
      for (const message of this.#messages.owed(chat)) {
        this.#messages.settle(message);
        const sequence = this.#takeSequence(chat, message.device, incarnation);
        this.#messages.replace({ ...message, incarnation, sequence }, true);
      }
    }
  }

  #ownNumberings(chat: AccountNumber): readonly OwnNumbering[] {
    const owed = this.#messages.owed(chat);
    return [...this.#sentUpTo.values()]
      .filter((numbering) => numbering.chat === chat)
      .map(({ incarnation, upTo }) => {
        const firstOwed = owed
          .filter((m) => m.incarnation === incarnation)
          .reduce<number | undefined>((lowest, m) => Math.min(lowest ?? m.sequence, m.sequence), undefined);
        return { incarnation, givenUpTo: upTo, firstOwed };
      });
  }

  #takeSequence(chat: AccountNumber, device: DeviceId, incarnation: Incarnation): number {
    const key = `${chat}/${device}/${incarnation}`;
    const upTo = (this.#sentUpTo.get(key)?.upTo ?? 0) + 1;
    this.#sentUpTo.set(key, { chat, device, incarnation, upTo });
    return upTo;
  }

  #needProfile(): Profile {
    if (!this.#profile) throw new StoreError('no-profile', 'this profile has no account yet');
    return this.#profile;
  }
}

function sameRoad(a: MessageRoad | undefined, b: MessageRoad): boolean {
  return a !== undefined && a.kind === b.kind && a.lan === b.lan && a.rttMs === b.rttMs;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
