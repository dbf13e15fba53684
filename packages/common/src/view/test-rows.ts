import type { ContactJson, MessageJson, NoticeJson, StatusJson } from '../rpc/schemas.ts';

export const OWN_ACCOUNT = '10001';
let made = 0;

/** A message row; ids rise in the order in which rows are made. */
export function rowOf(patch: Partial<MessageJson> = {}): MessageJson {
  made++;
  return {
    id: made.toString(16).padStart(32, '0'),
    chat: '10002',
    from: '10002',
    direction: 'in',
    at: new Date(1_700_000_000_000 + made * 1_000).toISOString(),
    counter: 0,
    kind: 'text',
    text: `message ${made}`,
    replyTo: null,
    target: null,
    editedAt: null,
    recalled: false,
    reactions: [],
    pendingChanges: 0,
    returned: false,
    state: 'delivered',
    reason: null,
    expiresAt: null,
    path: null,
    device: 'd'.repeat(32),
    incarnation: '0'.repeat(16),
    sequence: made,
    ...patch,
  };
}

export function contactOf(patch: Partial<ContactJson> = {}): ContactJson {
  return {
    id: '10002',
    name: 'bob',
    displayName: 'Bob',
    alias: null,
    group: null,
    state: 'member',
    presence: 'online',
    statusText: '',
    signatureLine: '',
    lastSeen: null,
    path: null,
    unread: 0,
    text: '',
    keyChanged: false,
    listBroken: false,
    verified: false,
    neverDirect: false,
    missing: 0,
    typing: false,
    ...patch,
  };
}

export function noticeOf(id: number, patch: Partial<NoticeJson> = {}): NoticeJson {
  return { id: String(id), at: '2026-11-23T10:00:00.000Z', text: `notice ${id}`, dismissed: false, ...patch };
}

export function statusOf(account: string | null = OWN_ACCOUNT): StatusJson {
  return {
    account:
      account === null
        ? null
        : {
            id: account,
            name: 'alice',
            displayName: 'Alice',
            server: 'localhost:10000#pin',
            signedIn: true,
            device: 'a'.repeat(32),
            signatureLine: '',
          },
    server: { state: 'connected', rttMs: 1, lastError: null, retryAt: null },
    presence: 'online',
    wish: 'online',
    neverDirect: false,
    recoveryUnseen: false,
    peers: { direct: 0, relay: 0, offline: 0 },
    unread: { chats: 0, messages: 0 },
    storage: { messages: 0, bytes: 0 },
    udp: {
      enabled: true,
      port4: 1,
      port6: null,
      datagramsSent: 0,
      datagramsReceived: 0,
      datagramsDropped: 0,
      dropping: false,
      reflexive: [],
    },
  };
}
