import { PREVIEW_CHARS_MAX } from '@magpie/common/rpc/limits.ts';
import type {
  AccountJson,
  ChatJson,
  ContactJson,
  DeviceJson,
  DraftJson,
  EventJson,
  ExportedMessageJson,
  LookupJson,
  MessageJson,
  NetStatusJson,
  NoticeJson,
  PathJson,
  PolicyJson,
  PresenceJson,
  PrivacyJson,
  SafetyJson,
  SettingsJson,
  SignInJson,
  StatusJson,
} from '@magpie/common/rpc/schemas.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type {
  AccountView,
  ChatView,
  ContactView,
  DeviceView,
  DraftView,
  EngineEvent,
  LookupView,
  MessageView,
  NoticeView,
  PathView,
  PolicyView,
  PresenceView,
  PrivacyView,
  SafetyView,
  SettingsView,
  SignInView,
  StatusView,
} from '../engine/engine.ts';

/** The engine's views as the local API shows them: numbers of accounts as text, times in ISO 8601, absent as null. */

export function accountJson(view: AccountView): AccountJson {
  return {
    id: String(view.account),
    name: view.name,
    displayName: view.displayName,
    server: view.server,
    signedIn: view.signedIn,
    device: view.device,
    signatureLine: view.signatureLine,
  };
}

export function signInJson(view: SignInView): SignInJson {
  return { account: accountJson(view.account), recoveryCode: view.recoveryCode ?? null };
}

export function policyJson({ ask, question, showLastSeen }: PolicyView): PolicyJson {
  return { ask, question, showLastSeen };
}

export function deviceJson(view: DeviceView): DeviceJson {
  return {
    id: view.device,
    label: view.label,
    own: view.own,
    active: view.active,
    online: view.online,
    lastLoginAt: view.lastLoginAt === undefined ? null : isoTime(view.lastLoginAt),
  };
}

export function contactJson(view: ContactView): ContactJson {
  return {
    id: String(view.account),
    name: view.name,
    displayName: view.displayName,
    alias: view.remark === '' ? null : view.remark,
    group: view.group === '' ? null : view.group,
    state: view.state,
    presence: view.presence,
    statusText: view.statusText,
    signatureLine: view.signatureLine,
    lastSeen: view.lastSeenAt === undefined ? null : isoTime(view.lastSeenAt),
    path: view.path ?? null,
    unread: view.unread,
    text: view.text,
    keyChanged: view.keyChanged,
    listBroken: view.listBroken,
    verified: view.verified,
    neverDirect: view.neverDirect,
    missing: view.missing,
    typing: view.typing,
  };
}

export function lookupJson(view: LookupView): LookupJson {
  const { account, name, displayName, ask, question } = view;
  return { id: String(account), name, displayName, ask, question };
}

export function safetyJson({ contact, digits, verified, keyChanged }: SafetyView): SafetyJson {
  return { contact: contactJson(contact), digits, verified, keyChanged };
}

export function presenceJson({ status, text, wish, autoAwayMs }: PresenceView): PresenceJson {
  return { presence: status, text, wish, autoAwayMs };
}

export function noticeJson({ id, at, text, dismissed }: NoticeView): NoticeJson {
  return { id: String(id), at: isoTime(at), text, dismissed };
}

export function messageJson(view: MessageView): MessageJson {
  return {
    id: view.id,
    chat: String(view.chat),
    from: String(view.from),
    direction: view.direction,
    at: isoTime(view.stamp.wallMs),
    counter: view.stamp.counter,
    kind: view.kind,
    text: view.text,
    replyTo: view.replyTo ?? null,
    target: view.target ?? null,
    editedAt: view.editedAt === undefined ? null : isoTime(view.editedAt),
    recalled: view.recalled,
    reactions: view.reactions.map(({ emoji, mine }) => ({ emoji, mine })),
    pendingChanges: view.pendingChanges,
    returned: view.returned,
    state: view.state,
    reason: view.reason === '' ? null : view.reason,
    expiresAt: view.expiresAt === undefined ? null : isoTime(view.expiresAt),
    path: view.road ?? null,
    device: view.device,
    incarnation: view.incarnation,
    sequence: view.sequence,
  };
}

export function exportedMessageJson(view: MessageView): ExportedMessageJson {
  return { ...messageJson(view), on: view.on, row: String(view.born) };
}

export function chatJson({ account, last, unread, firstUnread }: ChatView): ChatJson {
  const { id, at, direction, kind, text, recalled, state, reason } = messageJson(last);
  const preview = firstCharacters(text, PREVIEW_CHARS_MAX);
  return {
    id: String(account),
    last: { id, at, direction, kind, text: preview, recalled, state, reason },
    unread,
    firstUnread: firstUnread ?? null,
  };
}

/** Whole code points. */
function firstCharacters(text: string, count: number): string {
  return [...text.slice(0, 2 * count)].slice(0, count).join('');
}

export function draftJson({ account, text, replyTo, at }: DraftView): DraftJson {
  return { chat: String(account), text, replyTo: replyTo ?? null, at: at === undefined ? null : isoTime(at) };
}

export function privacyJson({ sendTyping, sendReadReceipts }: PrivacyView): PrivacyJson {
  return { sendTyping, sendReadReceipts };
}

function settingsJson({ presence, privacy, neverDirect }: SettingsView): SettingsJson {
  return { presence: presenceJson(presence), privacy: privacyJson(privacy), neverDirect };
}

export function netStatusJson(view: StatusView): NetStatusJson {
  const { server, udp } = view;
  return {
    server: {
      state: server.state,
      rttMs: server.rttMs ?? null,
      lastError: server.lastError ?? null,
      retryAt: server.retryAt === undefined ? null : isoTime(server.retryAt),
    },
    udp: { ...udp, port4: udp.port4 ?? null, port6: udp.port6 ?? null, reflexive: [...udp.reflexive] },
  };
}

export function statusJson(view: StatusView): StatusJson {
  return {
    account: view.account ? accountJson(view.account) : null,
    presence: view.presence,
    wish: view.wish,
    neverDirect: view.neverDirect,
    recoveryUnseen: view.recoveryUnseen,
    peers: view.peers,
    unread: view.unread,
    storage: { messages: view.storage.messages, bytes: view.storage.bytes },
    ...netStatusJson(view),
  };
}

export function pathJson(view: PathView): PathJson {
  return {
    id: String(view.account),
    name: view.name,
    session: view.session,
    path: view.path ?? null,
    state: view.state,
    reason: view.reason,
    endpoint: view.endpoint ?? null,
    packetsSent: view.packetsSent,
    packetsReceived: view.packetsReceived,
    packetsLost: view.packetsLost,
  };
}

/** @param cursor position in the stream of message changes, for `watch --since` */
export function eventJson(event: EngineEvent, cursor: string): EventJson {
  switch (event.type) {
    case 'message':
      return { cursor, type: event.isNew ? 'message' : 'receipt', data: messageJson(event.message) };
    case 'typing':
      return { cursor, type: 'typing', data: { id: String(event.account), active: event.active } };
    case 'draft':
      return { cursor, type: 'draft', data: draftJson(event.draft) };
    case 'presence':
      return { cursor, type: 'presence', data: { id: String(event.account), presence: event.status } };
    case 'contact':
      return { cursor, type: 'contact', data: contactJson(event.contact) };
    case 'path':
      return { cursor, type: 'path', data: pathJson(event.path) };
    case 'link':
      return { cursor, type: 'link', data: { state: event.state, error: event.error ?? null } };
    case 'notice':
      return { cursor, type: 'notice', data: noticeJson(event.notice) };
    case 'account':
      return { cursor, type: 'account', data: accountJson(event.account) };
    case 'approval':
      return { cursor, type: 'approval', data: { label: event.label, outcome: event.outcome } };
    case 'unread':
      return { cursor, type: 'unread', data: { chat: String(event.account), unread: event.unread } };
    case 'deleted':
      return { cursor, type: 'deleted', data: { chat: String(event.account) } };
    case 'settings':
      return { cursor, type: 'settings', data: settingsJson(event.settings) };
  }
}

/** ECMA-262 dates end 8.64e15 ms after 1970; a stamp is 48 bits and always fits, other values are held inside. */
export function isoTime(wallMs: WallMs): string {
  return new Date(Math.min(Math.max(0, wallMs), 8.64e15)).toISOString();
}
