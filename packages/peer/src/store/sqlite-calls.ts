import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type Sqlite from 'better-sqlite3';
import { SqliteContacts } from './sqlite-contacts.ts';
import { SqliteFriendDevices } from './sqlite-friend-devices.ts';
import { SqliteMessages } from './sqlite-messages.ts';
import { SqliteOwn } from './sqlite-own.ts';
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
  pinAccountKey: 'write',
  noteContact: 'write',
  settings: 'read',
  saveSettings: 'write',
  ownDeviceLists: 'read',
  saveOwnDeviceLists: 'write',
  commitOutgoing: 'write',
  undelivered: 'read',
  chatsWithUndelivered: 'read',
  meetDevices: 'write',
  undeliveredTo: 'read',
  openings: 'read',
  devicesBehind: 'read',
  noteRoad: 'write',
  applyReceipt: 'write',
  applyRefusal: 'write',
  refuseUndelivered: 'write',
  commitIncoming: 'write',
  openNumbering: 'write',
  receivedUpTo: 'read',
  markRead: 'write',
  message: 'read',
  messages: 'read',
  changesSince: 'read',
  lastChange: 'read',
  peerStamp: 'read',
  savePeerStamp: 'write',
  saveNotice: 'write',
  notices: 'read',
} as const satisfies Record<Exclude<keyof PeerStore, 'close'>, 'read' | 'write'>;

export type CallName = keyof typeof CALLS;

/** The port's calls without the waiting: how they look inside the worker. */
export type SyncCalls = {
  readonly [K in CallName]: (...args: Parameters<PeerStore[K]>) => Awaited<ReturnType<PeerStore[K]>>;
};

/** The port over an open database. None of the calls begins or ends a transaction. */
export function createCalls(db: Sqlite.Database): SyncCalls {
  const profiles = new SqliteProfile(db);
  const contacts = new SqliteContacts(db);
  const own = new SqliteOwn(db);
  const messages = new SqliteMessages(db);
  const friendDevices = new SqliteFriendDevices(db);

  function saveProfile(profile: Profile): void {
    const before = profiles.profile()?.incarnation;
    profiles.saveProfile(profile);
    if (before !== undefined && before !== profile.incarnation) messages.numberAnew(profile.incarnation);
  }

  function applyRoster(entries: readonly RosterEntry[], rosterVersion: number): void {
    const profile = profiles.needProfile();
    contacts.applyRoster(entries);
    profiles.saveProfile({ ...profile, rosterVersion });
  }

  return {
    profile: () => profiles.profile(),
    saveProfile,
    updateProfile: (patch) => saveProfile({ ...profiles.needProfile(), ...patch }),
    contacts: () => contacts.contacts(),
    applyRoster,
    acceptAccountKey: (account, verified) => contacts.acceptAccountKey(account, verified),
    pinAccountKey: (account, accountKey, verified) => contacts.pinAccountKey(account, accountKey, verified),
    noteContact: (account, patch) => contacts.note(account, patch),
    settings: () => own.settings(),
    saveSettings: (patch) => own.saveSettings(patch),
    ownDeviceLists: () => own.deviceLists(),
    saveOwnDeviceLists: (lists, anew) => own.saveDeviceLists(lists, anew),
    commitOutgoing: (text, wallNow) => messages.commitOutgoing(text, profiles.needProfile().incarnation, wallNow),
    undelivered: (chat, limit) => messages.undelivered(chat, limit),
    chatsWithUndelivered: () => messages.chatsWithUndelivered(),
    meetDevices: (chat, devices) => friendDevices.meet(chat, devices),
    undeliveredTo: (chat, device, limit) => friendDevices.undeliveredTo(chat, device, limit),
    openings: (chat, device) => friendDevices.openings(chat, device, profiles.profile()?.incarnation),
    devicesBehind: () => friendDevices.devicesBehind(),
    noteRoad: (id, road) => messages.noteRoad(id, road),
    applyReceipt: (chat, incarnation, kind, ranges, device) =>
      messages.applyReceipt(chat, incarnation, kind, friendDevices.advance(chat, device, incarnation, ranges)),
    applyRefusal: (chat, incarnation, sequence, reason) => messages.applyRefusal(chat, incarnation, sequence, reason),
    refuseUndelivered: (chat, neverSent) => messages.refuseUndelivered(chat, neverSent),
    commitIncoming: (items, wallNow) => messages.commitIncoming(items, wallNow),
    openNumbering: (chat, device, incarnation, from) => friendDevices.openNumbering(chat, device, incarnation, from),
    receivedUpTo: (chat) => messages.receivedUpTo(chat),
    markRead: (chat, upTo) => messages.markRead(chat, upTo),
    message: (id) => messages.message(id),
    messages: (query) => messages.messages(query),
    changesSince: (change, limit) => messages.changesSince(change, limit),
    lastChange: () => messages.lastChange(),
    peerStamp: (device) => profiles.peerStamp(device),
    savePeerStamp: (device, stamp) => profiles.savePeerStamp(device, stamp),
    saveNotice: (notice) => own.saveNotice(notice),
    notices: (limit) => own.notices(limit),
  };
}
