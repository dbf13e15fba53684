import type Sqlite from 'better-sqlite3';
import { SqliteMessages } from './sqlite-messages.ts';
import { SqliteProfile } from './sqlite-profile.ts';
import type { PeerStore, Profile } from './store.ts';

/** Every call of the port; `write` ones need a transaction and a sync. */
export const CALLS = {
  profile: 'read',
  saveProfile: 'write',
  updateProfile: 'write',
  contacts: 'read',
  applyRoster: 'write',
  acceptAccountKey: 'write',
  commitOutgoing: 'write',
  undelivered: 'read',
  chatsWithUndelivered: 'read',
  noteRoad: 'write',
  applyReceipt: 'write',
  applyRefusal: 'write',
  refuseUndelivered: 'write',
  commitIncoming: 'write',
  receivedUpTo: 'read',
  markRead: 'write',
  message: 'read',
  messages: 'read',
  changesSince: 'read',
  lastChange: 'read',
  peerStamp: 'read',
  savePeerStamp: 'write',
  saveNotice: 'write',
} as const satisfies Record<Exclude<keyof PeerStore, 'close'>, 'read' | 'write'>;

export type CallName = keyof typeof CALLS;

/** The port's calls without the waiting: how they look inside the worker. */
export type SyncCalls = {
  readonly [K in CallName]: (...args: Parameters<PeerStore[K]>) => Awaited<ReturnType<PeerStore[K]>>;
};

/** The port over an open database. None of the calls begins or ends a transaction. */
export function createCalls(db: Sqlite.Database): SyncCalls {
  const profiles = new SqliteProfile(db);
  const messages = new SqliteMessages(db);

  function saveProfile(profile: Profile): void {
    const before = profiles.profile()?.incarnation;
    profiles.saveProfile(profile);
    if (before !== undefined && before !== profile.incarnation) messages.numberAnew(profile.incarnation);
  }

  return {
    profile: () => profiles.profile(),
    saveProfile,
    updateProfile: (patch) => saveProfile({ ...profiles.needProfile(), ...patch }),
    contacts: () => profiles.contacts(),
    applyRoster: (entries, rosterVersion) => profiles.applyRoster(entries, rosterVersion),
    acceptAccountKey: (account) => profiles.acceptAccountKey(account),
    commitOutgoing: (text, wallNow) => messages.commitOutgoing(text, profiles.needProfile().incarnation, wallNow),
    undelivered: (chat, limit) => messages.undelivered(chat, limit),
    chatsWithUndelivered: () => messages.chatsWithUndelivered(),
    noteRoad: (id, road) => messages.noteRoad(id, road),
    applyReceipt: (chat, incarnation, kind, ranges) => messages.applyReceipt(chat, incarnation, kind, ranges),
    applyRefusal: (chat, incarnation, sequence, reason) => messages.applyRefusal(chat, incarnation, sequence, reason),
    refuseUndelivered: (chat, neverSent) => messages.refuseUndelivered(chat, neverSent),
    commitIncoming: (items, wallNow) => messages.commitIncoming(items, wallNow),
    receivedUpTo: (chat) => messages.receivedUpTo(chat),
    markRead: (chat, upTo) => messages.markRead(chat, upTo),
    message: (id) => messages.message(id),
    messages: (query) => messages.messages(query),
    changesSince: (change, limit) => messages.changesSince(change, limit),
    lastChange: () => messages.lastChange(),
    peerStamp: (device) => profiles.peerStamp(device),
    savePeerStamp: (device, stamp) => profiles.savePeerStamp(device, stamp),
    saveNotice: (notice) => profiles.saveNotice(notice),
  };
}
