import { toHex } from '@magpie/common/bytes/hex.ts';
import type { AskPolicy, RosterState } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber, DeviceId, SessionEpoch } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type {
  Account,
  AccountState,
  AccountSummary,
  Device,
  Invite,
  Notice,
  RosterRow,
  SessionAccount,
  SessionDevice,
  StoredAuditEntry,
} from './store.ts';

export interface AccountColumns {
  readonly account: number;
  readonly name: string;
  readonly display_name: string;
  readonly password_hash: string;
  readonly account_key: Uint8Array;
  readonly device_list: Uint8Array;
  readonly device_list_version: number;
  readonly roster_version: number;
  readonly created_at: number;
  readonly state: AccountState;
  readonly signature_line: string;
  readonly ask: AskPolicy;
  readonly question: string;
  readonly show_last_seen: number;
  readonly recovery_key: Uint8Array;
  readonly sealed_seed: Uint8Array;
  readonly notice_acked: number;
}

export interface DeviceColumns {
  readonly device: Uint8Array;
  readonly account: number;
  readonly exchange_key: Uint8Array;
  readonly sign_key: Uint8Array;
  readonly active: number;
  readonly epoch: number;
  readonly login_count: number;
  readonly label: string;
  readonly last_login_at: number;
}

export type SessionAccountColumns = Pick<
  AccountColumns,
  | 'account'
  | 'name'
  | 'display_name'
  | 'signature_line'
  | 'roster_version'
  | 'device_list_version'
  | 'show_last_seen'
  | 'notice_acked'
>;

export type SessionDeviceColumns = Pick<DeviceColumns, 'device' | 'account' | 'epoch' | 'login_count'>;

export interface SummaryColumns {
  readonly account: number;
  readonly name: string;
  readonly display_name: string;
  readonly state: AccountState;
  readonly created_at: number;
  readonly last_login_at: number;
  readonly devices: number;
}

export interface RosterColumns {
  readonly account: number;
  readonly name: string;
  readonly display_name: string;
  readonly state: RosterState;
  readonly version: number;
  readonly account_key: Uint8Array;
  readonly device_list: Uint8Array;
  readonly text: string;
  readonly signature_line: string;
}

export interface InviteColumns {
  readonly hash: Uint8Array;
  readonly created_at: number;
  readonly expires_at: number;
  readonly uses_left: number;
}

export interface NoticeColumns {
  readonly id: number;
  readonly at: number;
  readonly text: string;
}

export interface AuditColumns {
  readonly id: number;
  readonly at: number;
  /** NULL: the operator. */
  readonly actor: number | null;
  readonly action: string;
  readonly subject: number | null;
  readonly detail: string;
}

const NOTHING: Uint8Array = new Uint8Array(0);

export function accountOf(row: AccountColumns): Account {
  return {
    account: row.account as AccountNumber,
    name: row.name as AccountName,
    displayName: row.display_name,
    passwordHash: row.password_hash,
    accountKey: bytesOf(row.account_key),
    deviceList: bytesOf(row.device_list),
    deviceListVersion: row.device_list_version,
    rosterVersion: row.roster_version,
    state: row.state,
    signatureLine: row.signature_line,
    ask: row.ask,
    question: row.question,
    showLastSeen: row.show_last_seen === 1,
    recoveryKey: bytesOf(row.recovery_key),
    sealedSeed: bytesOf(row.sealed_seed),
    noticeAckedId: row.notice_acked,
    createdAt: row.created_at as WallMs,
  };
}

export function deviceOf(row: DeviceColumns): Device {
  return {
    device: toHex(row.device) as DeviceId,
    account: row.account as AccountNumber,
    exchangeKey: bytesOf(row.exchange_key),
    signKey: bytesOf(row.sign_key),
    active: row.active === 1,
    epoch: row.epoch as SessionEpoch,
    loginCount: row.login_count,
    label: row.label,
    lastLoginAt: row.last_login_at as WallMs,
  };
}

export function sessionAccountOf(row: SessionAccountColumns): SessionAccount {
  return {
    account: row.account as AccountNumber,
    name: row.name as AccountName,
    displayName: row.display_name,
    signatureLine: row.signature_line,
    rosterVersion: row.roster_version,
    deviceListVersion: row.device_list_version,
    showLastSeen: row.show_last_seen === 1,
    noticeAckedId: row.notice_acked,
  };
}

export function sessionDeviceOf(row: SessionDeviceColumns): SessionDevice {
  return { device: toHex(row.device) as DeviceId, epoch: row.epoch as SessionEpoch, loginCount: row.login_count };
}

export function summaryOf(row: SummaryColumns): AccountSummary {
  return {
    account: row.account as AccountNumber,
    name: row.name as AccountName,
    displayName: row.display_name,
    state: row.state,
    createdAt: row.created_at as WallMs,
    lastLoginAt: row.last_login_at as WallMs,
    devices: row.devices,
  };
}

export function rosterRowOf(row: RosterColumns): RosterRow {
  return {
    account: row.account as AccountNumber,
    name: row.name as AccountName,
    displayName: row.display_name,
    state: row.state,
    version: row.version,
    accountKey: bytesOf(row.account_key),
    deviceList: bytesOf(row.device_list),
    text: row.text,
    signatureLine: row.signature_line,
  };
}

export function inviteOf(row: InviteColumns): Invite {
  return {
    hash: bytesOf(row.hash),
    createdAt: row.created_at as WallMs,
    expiresAt: row.expires_at as WallMs,
    usesLeft: row.uses_left,
  };
}

export function noticeOf(row: NoticeColumns): Notice {
  return { id: row.id, at: row.at as WallMs, text: row.text };
}

export function auditEntryOf(row: AuditColumns): StoredAuditEntry {
  return {
    id: row.id,
    at: row.at as WallMs,
    actor: row.actor === null ? 'operator' : (row.actor as AccountNumber),
    action: row.action,
    subject: row.subject === null ? undefined : (row.subject as AccountNumber),
    detail: row.detail,
  };
}

/** A plain array of its own: a Buffer may be a window on a larger block, which would cross threads whole. */
export function bytesOf(blob: Uint8Array): Uint8Array {
  return blob.length === 0 ? NOTHING : new Uint8Array(blob);
}
