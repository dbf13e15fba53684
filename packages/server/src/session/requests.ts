import type { FrameOf, FrameType } from '@magpie/common/frames/frame.ts';

/** Before the welcome; each is answered before the next is looked at. */
const LOGIN_REQUESTS = [
  'register',
  'login',
  'resume',
  'recover',
  'enroll',
  'approval-ask',
] as const satisfies readonly FrameType[];

/** After it, in the client's order. */
const SESSION_REQUESTS = [
  'logout',
  'lookup',
  'friend-add',
  'friend-answer',
  'friend-remove',
  'block',
  'unblock',
  'roster-get',
  'presence-set',
  'last-seen-get',
  'notice-ack',
  'introduce',
  'device-list-get',
  'device-list-set',
  'device-chain-get',
  'devices-get',
  'approve',
  'recovery-set',
  'password-change',
  'profile-set',
  'policy-get',
  'policy-set',
  'account-delete',
  'reflect-token-get',
  'mail-put',
  'mail-get',
  'mail-ack',
  'mail-key-set',
  'mail-keys-get',
] as const satisfies readonly FrameType[];

/** What a client asks for and gets one answer to. */
export type LoginRequest = FrameOf<(typeof LOGIN_REQUESTS)[number]>;
export type SessionRequest = FrameOf<(typeof SESSION_REQUESTS)[number]>;

const loginRequests: ReadonlySet<string> = new Set(LOGIN_REQUESTS);
const sessionRequests: ReadonlySet<string> = new Set(SESSION_REQUESTS);

export function isLoginRequest(frame: { readonly type: string }): frame is LoginRequest {
  return loginRequests.has(frame.type);
}

export function isSessionRequest(frame: { readonly type: string }): frame is SessionRequest {
  return sessionRequests.has(frame.type);
}
