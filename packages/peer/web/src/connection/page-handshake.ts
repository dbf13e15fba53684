import type { RandomSource } from '@magpie/common/random.ts';
import { isPageChallenge, PAGE_CHALLENGE_BYTES, parsePageToken, proofText } from '@magpie/common/rpc/page-proof.ts';

/** The page's side of the beginning of a connection: `common/src/rpc/page-proof.ts`. */
export class PageHandshake {
  readonly #host: string;
  readonly #challenge: string;
  #expected: string | undefined;

  /** @param host with port, of the page's address */
  constructor(host: string, random: RandomSource) {
    this.#host = host;
    this.#challenge = base64url(random.bytes(PAGE_CHALLENGE_BYTES));
  }

  /** @returns what to say to the daemon's challenge; undefined when it is none, or the token is no token */
  async greet(ownToken: string, challenge: string): Promise<string | undefined> {
    const token = parsePageToken(ownToken);
    if (!token || !isPageChallenge(challenge)) return undefined;
    const meeting = { host: this.#host, pageChallenge: this.#challenge, daemonChallenge: challenge };
    this.#expected = await proofOf(token.secret, proofText('daemon', meeting));
    return `${token.name} ${this.#challenge} ${await proofOf(token.secret, proofText('page', meeting))}`;
  }

  /** Whether this proof shows that the other side is the daemon which gave the token. */
  isProven(proof: string): boolean {
    return this.#expected !== undefined && proof === this.#expected;
  }
}

async function proofOf(secret: string, text: string): Promise<string> {
  const utf8 = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', utf8.encode(secret), algorithm, false, ['sign']);
  return base64url(new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8.encode(text))));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
