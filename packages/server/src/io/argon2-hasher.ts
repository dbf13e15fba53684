import { argon2id, hash, verify } from 'argon2';
import {
  decoyHashOf,
  PASSWORD_HASH_COST,
  type PasswordHashCost,
  type PasswordHasher,
} from '../accounts/password-hasher.ts';

/** The library writes the parameters in another order than the specification of PHC strings; both are read. */
const PHC_PATTERN =
  /^\$argon2id\$v=19\$m=\d{1,8},(?:t=\d{1,3},p=\d{1,2}|p=\d{1,2},t=\d{1,3})\$[A-Za-z0-9+/]{8,88}\$[A-Za-z0-9+/]{16,172}$/;

/** RFC 9106 3.1, for one lane. */
const ARGON2_MEMORY_KIB_MIN = 8;

/** argon2id in libuv's thread pool. */
export class Argon2Hasher implements PasswordHasher {
  readonly decoyHash: string;
  readonly #cost: PasswordHashCost;

  constructor(cost: PasswordHashCost = PASSWORD_HASH_COST) {
    this.#cost = cost;
    this.decoyHash = decoyHashOf(cost);
  }

  hash(password: string): Promise<string> {
    return hash(password.normalize('NFC'), {
      type: argon2id,
      memoryCost: this.#cost.memoryKiB,
      timeCost: this.#cost.passes,
      parallelism: 1,
      hashLength: 32,
    });
  }

  async verify(phc: string, password: string): Promise<boolean> {
    if (!PHC_PATTERN.test(phc)) return false;
    return await verify(phc, password.normalize('NFC'));
  }

  isOutdated(phc: string): boolean {
    const cost = costOf(phc);
    return cost !== undefined && (cost.memoryKiB < this.#cost.memoryKiB || cost.passes < this.#cost.passes);
  }

  /** The time that argon2id takes goes by memory times passes. */
  remainderOf(phc: string): string | undefined {
    const cost = costOf(phc);
    if (!cost) return undefined;
    const { passes } = this.#cost;
    const memoryKiB = Math.round(this.#cost.memoryKiB - (cost.memoryKiB * cost.passes) / passes);
    return memoryKiB < ARGON2_MEMORY_KIB_MIN ? undefined : decoyHashOf({ memoryKiB, passes });
  }
}

function costOf(phc: string): PasswordHashCost | undefined {
  if (!PHC_PATTERN.test(phc)) return undefined;
  return { memoryKiB: Number(/[$,]m=(\d+)/.exec(phc)?.[1]), passes: Number(/[$,]t=(\d+)/.exec(phc)?.[1]) };
}
