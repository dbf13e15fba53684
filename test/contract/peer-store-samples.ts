import type { HybridStamp, NumberedContent } from '@magpie/common/content/content.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { IncomingContent, MessageRoad, OutgoingText, Profile } from '@magpie/peer/store/store.ts';

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

export function textTo(chat: AccountNumber, n: number): OutgoingText {
  return { id: messageId(n), chat, device: OWN_DEVICE, text: `text ${n}` };
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
  readonly type?: 'text' | 'void';
  readonly text?: string;
  readonly messageId?: MessageId;
  readonly incarnation?: Incarnation;
  readonly stamp?: HybridStamp;
}

/** A message of Bob's first device. */
export function incoming(sequence: number, changes: ContentChanges = {}): IncomingContent {
  const numbered = {
    messageId: changes.messageId ?? theirId(sequence),
    conversation: 0,
    incarnation: changes.incarnation ?? THEIR_FIRST,
    sequence,
    stamp: changes.stamp ?? stamp(10, sequence),
  };
  const content: NumberedContent =
    changes.type === 'void'
      ? { type: 'void', ...numbered }
      : { type: 'text', ...numbered, text: changes.text ?? `from bob ${sequence}` };
  return { chat: BOB, device: BOBS_DEVICE, content, road: DIRECT };
}
