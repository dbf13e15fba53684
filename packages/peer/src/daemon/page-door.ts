import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { PAGE_CHALLENGE_BYTES, parsePageGreeting, proofText } from '@magpie/common/rpc/page-proof.ts';
import { PAGE_CODE_FAILURES_MAX, PAGE_CODE_FAILURES_MS, PAGE_CODES_MAX, PAGE_TOKEN_AGE_MS_MAX } from './page-limits.ts';

const CODE_BYTES = 32;
const CODE_PATTERN = /^[A-Za-z0-9_-]{43}$/;
const NONCE_BYTES = 16;

/**
 * Who may open the page: one-time codes, given away in links, are swapped for tokens, which open connections. A token
 * is known by the key it was made with, not by a list, so that it outlives the daemon.
 */
export class PageDoor {
  readonly #random: RandomSource;
  #key: Uint8Array;
  /** By the hash of the code, oldest first: how long a comparison takes tells nothing about a code. */
  readonly #expiresAtMs = new Map<string, number>();
  #failuresAtMs: number[] = [];

  /** @param key 32 random bytes */
  constructor(key: Uint8Array, random: RandomSource) {
    this.#key = key;
    this.#random = random;
  }

  /** No token from before opens anything any more, nor does a code. */
  changeKey(key: Uint8Array): void {
    this.#key = key;
    this.#expiresAtMs.clear();
  }

  /** @param nowMs wall clock */
  mintCode(nowMs: number, validMs: number): { readonly code: string; readonly expiresAtMs: number } {
    for (const [hash, expiresAtMs] of this.#expiresAtMs) {
      if (expiresAtMs <= nowMs || this.#expiresAtMs.size >= PAGE_CODES_MAX) this.#expiresAtMs.delete(hash);
    }
    const code = base64url(this.#random.bytes(CODE_BYTES));
    const expiresAtMs = nowMs + validMs;
    this.#expiresAtMs.set(hashOf(code), expiresAtMs);
    return { code, expiresAtMs };
  }

  /** @returns a token; `spent` for a code that was used, is late or never was one */
  redeem(code: string, nowMs: number): Result<string, 'spent' | 'too-many'> {
    const hash = CODE_PATTERN.test(code) ? hashOf(code) : '';
    const expiresAtMs = this.#expiresAtMs.get(hash);
    this.#expiresAtMs.delete(hash);
    if (expiresAtMs !== undefined && nowMs < expiresAtMs) return ok(this.#mintToken(nowMs));
    this.#failuresAtMs = this.#failuresAtMs.filter((atMs) => Math.abs(nowMs - atMs) < PAGE_CODE_FAILURES_MS);
    if (this.#failuresAtMs.length >= PAGE_CODE_FAILURES_MAX) return err('too-many');
    this.#failuresAtMs.push(nowMs);
    return err('spent');
  }

  challenge(): string {
    return base64url(this.#random.bytes(PAGE_CHALLENGE_BYTES));
  }

  /**
   * @param greeting what a page says to the challenge it was given
   * @param host in whose name it came
   * @returns the daemon's own proof; undefined when the page has no valid token
   */
  answer(greeting: string, challenge: string, host: string, nowMs: number): string | undefined {
    const page = parsePageGreeting(greeting);
    if (!page) return undefined;
    const secret = base64url(this.#mac(page.name));
    const meeting = { host, pageChallenge: page.challenge, daemonChallenge: challenge };
    const isOurs = timingSafeEqual(hmac(secret, proofText('page', meeting)), Buffer.from(page.proof, 'base64url'));
    const issuedAtMs = Number.parseInt(page.name.split('.')[1] ?? '', 36);
    if (!isOurs || Math.abs(nowMs - issuedAtMs) > PAGE_TOKEN_AGE_MS_MAX) return undefined;
    return base64url(hmac(secret, proofText('daemon', meeting)));
  }

  #mintToken(nowMs: number): string {
    const name = `v1.${Math.floor(nowMs).toString(36)}.${base64url(this.#random.bytes(NONCE_BYTES))}`;
    return `${name}.${base64url(this.#mac(name))}`;
  }

  #mac(text: string): Buffer {
    return hmac(this.#key, text);
  }
}

function hmac(key: Uint8Array | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('base64url');
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url');
}
