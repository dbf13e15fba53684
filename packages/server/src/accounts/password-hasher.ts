/**
 * Turns passwords into PHC strings and checks them; costs tens of milliseconds of a CPU, so calls go through an
 * AdmissionQueue. Passwords are compared in Unicode normal form C, as people type the same letter in different ways.
 */
export interface PasswordHasher {
  hash(password: string): Promise<string>;
  /** False for a wrong password and for a text that is no PHC string of ours. */
  verify(phc: string, password: string): Promise<boolean>;
  /** Whether a hash of ours was made at less cost than a fresh one. */
  isOutdated(phc: string): boolean;
  /**
   * A hash of no known password that takes to check what an outdated one takes less than a fresh one, so that both together
   * take what an unknown name does; undefined where there is nothing to make up for.
   */
  remainderOf(phc: string): string | undefined;
  /** A hash of no known password, as costly to check as a fresh one: what an unknown name is verified against. */
  readonly decoyHash: string;
}

export interface PasswordHashCost {
  readonly memoryKiB: number;
  readonly passes: number;
}

/** The OWASP minimum for argon2id with one lane: 19 MiB, two passes. */
export const PASSWORD_HASH_COST: PasswordHashCost = { memoryKiB: 19_456, passes: 2 };

/** A well-formed argon2id PHC string of the given cost with a fixed salt and tag. */
export function decoyHashOf(cost: PasswordHashCost): string {
  const salt = 'bWFncGllIGRlY295IDEyMw';
  const tag = 'dGhpcyBpcyB0aGUgdGFnIG9mIG5vIHBhc3N3b3JkISE';
  return `$argon2id$v=19$m=${cost.memoryKiB},t=${cost.passes},p=1$${salt}$${tag}`;
}
