import type { Store } from './store.ts';
import type { StoreAnswer, StoreArguments, StoreMethod } from './store-calls.ts';

/** The Store's methods as calls by name: an engine only says what becomes of a call. */
export abstract class StoreCaller implements Store {
  register: Store['register'] = (...args) => this.call('register', ...args);
  addAccount: Store['addAccount'] = (...args) => this.call('addAccount', ...args);
  accountByName: Store['accountByName'] = (...args) => this.call('accountByName', ...args);
  accountByNumber: Store['accountByNumber'] = (...args) => this.call('accountByNumber', ...args);
  accounts: Store['accounts'] = (...args) => this.call('accounts', ...args);
  setPassword: Store['setPassword'] = (...args) => this.call('setPassword', ...args);
  rehashPassword: Store['rehashPassword'] = (...args) => this.call('rehashPassword', ...args);
  setRecovery: Store['setRecovery'] = (...args) => this.call('setRecovery', ...args);
  setProfile: Store['setProfile'] = (...args) => this.call('setProfile', ...args);
  setPolicy: Store['setPolicy'] = (...args) => this.call('setPolicy', ...args);
  setLocked: Store['setLocked'] = (...args) => this.call('setLocked', ...args);
  deleteAccount: Store['deleteAccount'] = (...args) => this.call('deleteAccount', ...args);
  noteLastSeen: Store['noteLastSeen'] = (...args) => this.call('noteLastSeen', ...args);
  lastSeen: Store['lastSeen'] = (...args) => this.call('lastSeen', ...args);
  counts: Store['counts'] = (...args) => this.call('counts', ...args);

  deviceByExchangeKey: Store['deviceByExchangeKey'] = (...args) => this.call('deviceByExchangeKey', ...args);
  devicesOf: Store['devicesOf'] = (...args) => this.call('devicesOf', ...args);
  enroll: Store['enroll'] = (...args) => this.call('enroll', ...args);
  replaceDeviceList: Store['replaceDeviceList'] = (...args) => this.call('replaceDeviceList', ...args);
  deviceChain: Store['deviceChain'] = (...args) => this.call('deviceChain', ...args);
  activateDevice: Store['activateDevice'] = (...args) => this.call('activateDevice', ...args);
  claimSession: Store['claimSession'] = (...args) => this.call('claimSession', ...args);
  resumeSession: Store['resumeSession'] = (...args) => this.call('resumeSession', ...args);
  deactivateDevice: Store['deactivateDevice'] = (...args) => this.call('deactivateDevice', ...args);

  roster: Store['roster'] = (...args) => this.call('roster', ...args);
  areFriends: Store['areFriends'] = (...args) => this.call('areFriends', ...args);
  rosterState: Store['rosterState'] = (...args) => this.call('rosterState', ...args);
  friendsOf: Store['friendsOf'] = (...args) => this.call('friendsOf', ...args);
  friendAdd: Store['friendAdd'] = (...args) => this.call('friendAdd', ...args);
  friendAnswer: Store['friendAnswer'] = (...args) => this.call('friendAnswer', ...args);
  friendRemove: Store['friendRemove'] = (...args) => this.call('friendRemove', ...args);
  block: Store['block'] = (...args) => this.call('block', ...args);
  unblock: Store['unblock'] = (...args) => this.call('unblock', ...args);

  reserveMailPositions: Store['reserveMailPositions'] = (...args) => this.call('reserveMailPositions', ...args);
  mailboxId: Store['mailboxId'] = (...args) => this.call('mailboxId', ...args);
  appendMail: Store['appendMail'] = (...args) => this.call('appendMail', ...args);
  mailAfter: Store['mailAfter'] = (...args) => this.call('mailAfter', ...args);
  ackMail: Store['ackMail'] = (...args) => this.call('ackMail', ...args);
  setMailKey: Store['setMailKey'] = (...args) => this.call('setMailKey', ...args);
  mailKeys: Store['mailKeys'] = (...args) => this.call('mailKeys', ...args);
  expireMail: Store['expireMail'] = (...args) => this.call('expireMail', ...args);

  addInvite: Store['addInvite'] = (...args) => this.call('addInvite', ...args);
  invites: Store['invites'] = (...args) => this.call('invites', ...args);
  inviteIsGood: Store['inviteIsGood'] = (...args) => this.call('inviteIsGood', ...args);
  addNotice: Store['addNotice'] = (...args) => this.call('addNotice', ...args);
  noticesAfter: Store['noticesAfter'] = (...args) => this.call('noticesAfter', ...args);
  latestNoticeId: Store['latestNoticeId'] = (...args) => this.call('latestNoticeId', ...args);
  ackNotices: Store['ackNotices'] = (...args) => this.call('ackNotices', ...args);
  appendAudit: Store['appendAudit'] = (...args) => this.call('appendAudit', ...args);
  audit: Store['audit'] = (...args) => this.call('audit', ...args);

  abstract close(): Promise<void>;

  protected abstract call<M extends StoreMethod>(method: M, ...args: StoreArguments<M>): Promise<StoreAnswer<M>>;
}

/**
 * The arguments of a call with byte arrays of their own: the caller may go on with its buffers, and a window on a frame
 * does not carry the whole frame to another thread.
 * @param buffers takes what is under those arrays, to be handed over to that thread instead of copied again
 */
export function ownArguments(args: readonly unknown[], buffers: ArrayBuffer[] = []): readonly unknown[] {
  return args.map((value) => ownValue(value, buffers));
}

function ownValue(value: unknown, buffers: ArrayBuffer[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) {
    const own = new Uint8Array(value);
    buffers.push(own.buffer);
    return own;
  }
  if (Array.isArray(value)) return value.map((member) => ownValue(member, buffers));
  // One without byte arrays goes as it is: what many calls share then crosses to the other thread once for all of them.
  const members = value as Readonly<Record<string, unknown>>;
  let own: Record<string, unknown> | undefined;
  for (const key of Object.keys(members)) {
    const member = ownValue(members[key], buffers);
    if (member === members[key]) continue;
    own ??= { ...members };
    own[key] = member;
  }
  return own ?? value;
}
