import type { HybridStamp, NumberedContent } from '@magpie/common/content/content.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { IncomingContent, MessageRoad, OutgoingContent, Profile } from '@magpie/peer/store/store.ts';

export const BOB = 10_002 as AccountNumber;
export const CAROL = 10_003 as AccountNumber;
export const OWN_DEVICE = '0a'.repeat(16) as DeviceId;
export const INCARNATION_A = 'aa'.repeat(8) as Incarnation;
export const INCARNATION_B = '0b'.repeat(8) as Incarnation;
export const BOBS_DEVICE = 'b0'.repeat(16) as DeviceId;
export const BOBS_TABLET = 'b1'.repeat(16) as DeviceId;
export const CAROLS_DEVICE = 'c0'.repeat(16) as DeviceId;
export const THEIR_FIRST = 'f1'.repeat(8) as Incarnation;
export const THEIR_SECOND = 'f2'.repeat(8) as Incarnation;
export const DIRECT: MessageRoad = { kind: 'direct', lan: true, rttMs: 1.5 };
export const RELAY: MessageRoad = { kind: 'relay', lan: false, rttMs: 40 };

export const PROFILE: Profile = {
  account: 10_001 as AccountNumber,
  name: 'alice' as AccountName,
  displayName: '爱丽丝 ♥',
  serverHost: 'example.org',
  serverPort: 10_000,
  serverKey: new Uint8Array(32).fill(7),
  signedIn: true,
  incarnation: INCARNATION_A,
  loginCount: 1,
  rosterVersion: 0,
  stampReserved: 1_700_000_000_000_123,
  deviceListVersion: 1,
  signatureLine: '山高月小',
  recoveryUnseen: true,
};

export function textTo(chat: AccountNumber, n: number, changes: Partial<OutgoingContent> = {}): OutgoingContent {
  return { id: messageId(n), chat, device: OWN_DEVICE, kind: 'text', text: `text ${n}`, ...changes };
}

export function wall(ms: number): WallMs {
  return ms as WallMs;
}

export function stamp(wallMs: number, counter: number): HybridStamp {
  return { wallMs: wall(wallMs), counter };
}

export function messageId(n: number): MessageId {
  return n.toString(16).padStart(32, '0') as MessageId;
}

export function theirId(n: number): MessageId {
  return `f${n.toString(16).padStart(31, '0')}` as MessageId;
}

export function key(fill: number): Uint8Array {
  return new Uint8Array(32).fill(fill);
}

export function rosterEntry(account: AccountNumber, changes: Partial<RosterEntry> = {}): RosterEntry {
  return {
    account,
    name: 'name' as AccountName,
    displayName: 'name',
    state: 'member',
    version: 1,
    accountKey: key(1),
    deviceList: new Uint8Array([1, 2, 3]),
    text: '',
    signatureLine: '',
    ...changes,
  };
}

export interface ContentChanges {
  readonly type?: NumberedContent['type'];
  /** Of a reaction its emoji. */
  readonly text?: string;
  readonly target?: MessageId;
  readonly on?: boolean;
  readonly messageId?: MessageId;
  readonly incarnation?: Incarnation;
  readonly stamp?: HybridStamp;
}

/** A message of Bob's first device. */
export function incoming(sequence: number, changes: ContentChanges = {}): IncomingContent {
  return { chat: BOB, device: BOBS_DEVICE, content: numbered(sequence, changes), road: DIRECT, hold: false };
}

/** The same by way of the mailbox. */
export function mailed(sequence: number, changes: ContentChanges = {}): IncomingContent {
  return { ...incoming(sequence, changes), hold: true };
}

export function numbered(sequence: number, changes: ContentChanges = {}): NumberedContent {
  const fields = {
    messageId: changes.messageId ?? theirId(sequence),
    conversation: 0,
    incarnation: changes.incarnation ?? THEIR_FIRST,
    sequence,
    stamp: changes.stamp ?? stamp(10, sequence),
  };
  const text = changes.text ?? `from bob ${sequence}`;
  const target = changes.target ?? messageId(1);
  switch (changes.type ?? 'text') {
    case 'text':
      return { type: 'text', ...fields, text, replyTo: undefined };
    case 'edit':
      return { type: 'edit', ...fields, target, text };
    case 'recall':
      return { type: 'recall', ...fields, target };
    case 'reaction':
      return { type: 'reaction', ...fields, target, emoji: text, on: changes.on ?? true };
    case 'nudge':
      return { type: 'nudge', ...fields };
    case 'void':
      return { type: 'void', ...fields };
    case 'unsupported':
      return { type: 'unsupported', code: 9, ...fields };
  }
}
