/**
 * How a page and its daemon show each other that both know a token, which itself never travels again after the page got
 * it. A page comes back by itself to its address, and while the daemon is away any program of the machine may listen
 * there: it learns nothing that opens the daemon later, and cannot pass for it.
 *
 *     daemon -> page   challenge
 *     page -> daemon   name of the token SP challenge SP proof
 *     daemon -> page   proof; then the lines of the local API, from `hello` on
 *
 * A challenge is 16 random bytes, a proof HMAC-SHA256 of `proofText`, both in base64url; the key is the secret of the
 * token, as text. The daemon closes at a wrong proof before it has given its own.
 */
export interface PageToken {
  /** All that stands before the secret. */
  readonly name: string;
  /** HMAC-SHA256 of the name under the daemon's key, base64url. */
  readonly secret: string;
}

export interface PageGreeting {
  readonly name: string;
  readonly challenge: string;
  readonly proof: string;
}

export const PAGE_CHALLENGE_BYTES = 16;
/** Characters of the longest of the three messages, and some. */
export const PAGE_GREETING_CHARS_MAX = 256;

/** `v1.<wall ms at which it was made, base 36>.<16 random bytes>.<secret>` */
const TOKEN = /^(v1\.[0-9a-z]{1,11}\.[A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/;
const GREETING = /^(v1\.[0-9a-z]{1,11}\.[A-Za-z0-9_-]{22}) ([A-Za-z0-9_-]{22}) ([A-Za-z0-9_-]{43})$/;
const CHALLENGE = /^[A-Za-z0-9_-]{22}$/;

export function parsePageToken(token: string): PageToken | undefined {
  const [, name, secret] = TOKEN.exec(token) ?? [];
  return name !== undefined && secret !== undefined ? { name, secret } : undefined;
}

export function parsePageGreeting(text: string): PageGreeting | undefined {
  const [, name, challenge, proof] = GREETING.exec(text) ?? [];
  return name !== undefined && challenge !== undefined && proof !== undefined ? { name, challenge, proof } : undefined;
}

export function isPageChallenge(text: string): boolean {
  return CHALLENGE.test(text);
}

export interface PageMeeting {
  /** Host and port in the page's address, `127.0.0.1:8484`: what a stranger hears there counts at no other. */
  readonly host: string;
  readonly pageChallenge: string;
  readonly daemonChallenge: string;
}

/** What is proven: who speaks, where, and both challenges, so that no proof counts twice, elsewhere, or for the other side. */
export function proofText(speaker: 'page' | 'daemon', { host, pageChallenge, daemonChallenge }: PageMeeting): string {
  return `magpie page 1 ${speaker} ${host} ${pageChallenge} ${daemonChallenge}`;
}
