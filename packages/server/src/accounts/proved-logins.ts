import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import type { Account } from '../store/store.ts';

/** The way to a connection that has no session yet. */
export interface ProvedWire {
  /** @param frame encoded; ours no longer */
  send(frame: Uint8Array): void;
}

/**
 * One connection that has shown the password or the recovery code of an account whose list does not hold its device
 * (R7). Ends with the connection, and counts for nothing once the password is another one.
 */
export class ProvedLogin {
  readonly account: AccountNumber;
  /** What was proved is the password of this hash. */
  readonly passwordHash: string;
  readonly exchangeKey: Uint8Array;
  readonly wire: ProvedWire;
  /** It waits for an old device to let it in. */
  asking = false;
  readonly #release: (proved: ProvedLogin) => void;

  constructor(
    account: Pick<Account, 'account' | 'passwordHash'>,
    exchangeKey: Uint8Array,
    wire: ProvedWire,
    release: (proved: ProvedLogin) => void,
  ) {
    this.account = account.account;
    this.passwordHash = account.passwordHash;
    this.exchangeKey = exchangeKey;
    this.wire = wire;
    this.#release = release;
  }

  /** Twice is safe. */
  release(): void {
    this.#release(this);
  }
}

/** All of them: a bounded number for each account and in all. */
export class ProvedLogins {
  readonly #perAccountMax: number;
  readonly #countMax: number;
  readonly #ofAccount = new Map<AccountNumber, Set<ProvedLogin>>();
  #count = 0;

  constructor(limits: { readonly provedPerAccountMax: number; readonly provedMax: number }) {
    this.#perAccountMax = limits.provedPerAccountMax;
    this.#countMax = limits.provedMax;
  }

  get count(): number {
    return this.#count;
  }

  /** @returns undefined when there are too many; its owner releases it */
  enter(
    account: Pick<Account, 'account' | 'passwordHash'>,
    exchangeKey: Uint8Array,
    wire: ProvedWire,
  ): ProvedLogin | undefined {
    const present = this.#ofAccount.get(account.account) ?? new Set();
    if (present.size >= this.#perAccountMax || this.#count >= this.#countMax) return undefined;
    const proved = new ProvedLogin(account, exchangeKey, wire, this.#forget);
    present.add(proved);
    this.#ofAccount.set(account.account, present);
    this.#count += 1;
    return proved;
  }

  /** Those of an account that wait for approval with this key. */
  asking(account: AccountNumber, exchangeKey: Uint8Array): readonly ProvedLogin[] {
    const present = [...(this.#ofAccount.get(account) ?? [])];
    return present.filter((proved) => proved.asking && equalBytes(proved.exchangeKey, exchangeKey));
  }

  readonly #forget = (proved: ProvedLogin): void => {
    const present = this.#ofAccount.get(proved.account);
    if (!present?.delete(proved)) return;
    this.#count -= 1;
    if (present.size === 0) this.#ofAccount.delete(proved.account);
  };
}
