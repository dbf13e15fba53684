import { argon2id, hash, verify } from 'argon2';
import {
  decoyHashOf,
  PASSWORD_HASH_COST,
  type PasswordHashCost,
  type PasswordHasher,
} from '../accounts/password-hasher.ts';

const SALT_AND_TAG_PATTERN =
  /^\$argon2id\$v=19\$m=\d{1,8},t=\d{1,3},p=\d{1,2}\$[A-Za-z0-9+/]{8,88}\$[A-Za-z0-9+/]{16,172}$/;

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
    if (!SALT_AND_TAG_PATTERN.test(phc)) return false;
    return await verify(phc, password.normalize('NFC'));
  }
}
