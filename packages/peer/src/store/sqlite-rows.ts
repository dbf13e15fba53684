import type { AccountName, AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { MessageRecord } from './message-tables.ts';
import type { Contact, ContactNotes, MessageRoad, Profile, Reaction, StoredMessage } from './store.ts';

export interface MessageRow {
  readonly position: number;
  readonly id: Buffer;
  readonly chat: number;
  readonly direction: StoredMessage['direction'];
  readonly device: Buffer;
  readonly incarnation: Buffer;
  readonly sequence: number;
  readonly wall_ms: number;
  readonly counter: number;
  readonly kind: StoredMessage['kind'];
  readonly text: string;
  readonly original: string | null;
  readonly reply_to: Buffer | null;
  readonly target: Buffer | null;
  readonly on_flag: number;
  readonly state: StoredMessage['state'];
  readonly reason: StoredMessage['reason'];
  readonly road_kind: MessageRoad['kind'] | null;
  readonly road_lan: number | null;
  readonly road_rtt_ms: number | null;
  readonly edited_ms: number | null;
  readonly recalled: number;
  /** JSON. */
  readonly reactions: string;
  readonly pending_changes: number;
  readonly returned: number;
  readonly mailed_until: number | null;
  readonly deleted: number;
  readonly owed: number;
  readonly change: number;
  readonly born: number;
}

export interface ProfileRow {
  readonly account: number;
  readonly name: string;
  readonly display_name: string;
  readonly server_host: string;
  readonly server_port: number;
  readonly server_key: Buffer;
  readonly signed_in: number;
  readonly incarnation: Buffer;
  readonly login_count: number;
  readonly roster_version: number;
  readonly stamp_reserved: number;
  readonly device_list_version: number;
  readonly signature_line: string;
  readonly recovery_unseen: number;
}

export interface ContactRow extends NotesRow {
  readonly account: number;
  readonly name: string;
  readonly display_name: string;
  readonly state: Contact['state'];
  readonly version: number;
  readonly account_key: Buffer;
  readonly device_list: Buffer;
  readonly text: string;
  readonly signature_line: string;
  readonly unread: number;
}

export interface NotesRow {
  readonly pinned_key: Buffer;
  readonly remark: string;
  readonly contact_group: string;
  readonly never_direct: number;
  readonly verified: number;
  readonly list_broken: number;
}

export function toBlob(hex: DeviceId | Incarnation | MessageId): Buffer {
  return Buffer.from(hex, 'hex');
}

export function messageOf(row: MessageRow): StoredMessage {
  return {
    id: row.id.toString('hex') as MessageId,
    chat: row.chat as AccountNumber,
    direction: row.direction,
    device: row.device.toString('hex') as DeviceId,
    incarnation: row.incarnation.toString('hex') as Incarnation,
    sequence: row.sequence,
    stamp: { wallMs: row.wall_ms as WallMs, counter: row.counter },
    kind: row.kind,
    text: row.text,
    state: row.state,
    reason: row.reason,
    road:
      row.road_kind === null
        ? undefined
        : { kind: row.road_kind, lan: row.road_lan === 1, rttMs: row.road_rtt_ms ?? 0 },
    replyTo: row.reply_to === null ? undefined : (row.reply_to.toString('hex') as MessageId),
    target: row.target === null ? undefined : (row.target.toString('hex') as MessageId),
    on: row.on_flag === 1,
    editedAt: row.edited_ms === null ? undefined : (row.edited_ms as WallMs),
    recalled: row.recalled === 1,
    reactions: row.reactions === '[]' ? [] : (JSON.parse(row.reactions) as readonly Reaction[]),
    pendingChanges: row.pending_changes,
    returned: row.returned === 1,
    expiresAt: row.state === 'stored' && row.mailed_until !== null ? (row.mailed_until as WallMs) : undefined,
    change: row.change,
    born: row.born,
  };
}

export function recordOf(row: MessageRow): MessageRecord {
  return {
    message: messageOf(row),
    position: row.position,
    original: row.original ?? undefined,
    deleted: row.deleted === 1,
    owed: row.owed === 1,
  };
}

export function profileOf(row: ProfileRow): Profile {
  return {
    account: row.account as AccountNumber,
    name: row.name as AccountName,
    displayName: row.display_name,
    serverHost: row.server_host,
    serverPort: row.server_port,
    serverKey: new Uint8Array(row.server_key),
    signedIn: row.signed_in === 1,
    incarnation: row.incarnation.toString('hex') as Incarnation,
    loginCount: row.login_count,
    rosterVersion: row.roster_version,
    stampReserved: row.stamp_reserved,
    deviceListVersion: row.device_list_version,
    signatureLine: row.signature_line,
    recoveryUnseen: row.recovery_unseen === 1,
  };
}

export function contactOf(row: ContactRow): Contact {
  return {
    account: row.account as AccountNumber,
    name: row.name as AccountName,
    displayName: row.display_name,
    state: row.state,
    version: row.version,
    accountKey: new Uint8Array(row.account_key),
    deviceList: new Uint8Array(row.device_list),
    text: row.text,
    signatureLine: row.signature_line,
    pinnedKey: new Uint8Array(row.pinned_key),
    unread: row.unread,
    local: notesOf(row),
  };
}

export function notesOf(row: NotesRow): ContactNotes {
  return {
    remark: row.remark,
    group: row.contact_group,
    neverDirect: row.never_direct === 1,
    verified: row.verified === 1,
    listBroken: row.list_broken === 1,
  };
}
