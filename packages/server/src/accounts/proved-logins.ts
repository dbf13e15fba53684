import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import type { ServerLimits } from '../limits.ts';
import type { Account } from '../store/store.ts';
import type { LoginClient } from './credential-check.ts';

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
  readonly source: string;
  readonly wire: ProvedWire;
  /** It waits for an old device to let it in. */
  asking = false;
  /** It has its place among the proved ones; without it nothing is proved any more. */
  counts = true;
  readonly #release: (proved: ProvedLogin) => void;

  constructor(
    account: Pick<Account, 'account' | 'passwordHash'>,
    { exchangeKey, source }: LoginClient,
    wire: ProvedWire,
    release: (proved: ProvedLogin) => void,
  ) {
    this.account = account.account;
    this.passwordHash = account.passwordHash;
    this.exchangeKey = exchangeKey;
    this.source = source;
    this.wire = wire;
    this.#release = release;
  }

  /** Twice is safe. */
  release(): void {
    this.#release(this);
  }
}

/** All of them: a bounded number for each account, for each source and in all. */
export class ProvedLogins {
  readonly #perAccountMax: number;
  readonly #perSourceMax: number;
  readonly #countMax: number;
  readonly #ofAccount = new Map<AccountNumber, Set<ProvedLogin>>();
  readonly #ofSource = new Map<string, number>();
  #count = 0;

  constructor(limits: Pick<ServerLimits, 'provedPerAccountMax' | 'provedPerSourceMax' | 'provedMax'>) {
    this.#perAccountMax = limits.provedPerAccountMax;
    this.#perSourceMax = limits.provedPerSourceMax;
    this.#countMax = limits.provedMax;
  }

  get count(): number {
    return this.#count;
  }

  /** @returns undefined when there are too many; its owner releases it */
  enter(
    account: Pick<Account, 'account' | 'passwordHash'>,
    client: LoginClient,
    wire: ProvedWire,
  ): ProvedLogin | undefined {
    const present = this.#ofAccount.get(account.account) ?? new Set();
    const ofSource = this.#ofSource.get(client.source) ?? 0;
    if (present.size >= this.#perAccountMax || ofSource >= this.#perSourceMax) return undefined;
    if (this.#count >= this.#countMax) return undefined;
    const proved = new ProvedLogin(account, client, wire, this.#forget);
    present.add(proved);
    this.#ofAccount.set(account.account, present);
    this.#ofSource.set(client.source, ofSource + 1);
    this.#count += 1;
    return proved;
  }

  /** What was proved of the account holds no longer. */
  releaseOf(account: AccountNumber): void {
    for (const proved of [...(this.#ofAccount.get(account) ?? [])]) proved.release();
  }

  /** Those of an account that wait for approval with this key. */
  asking(account: AccountNumber, exchangeKey: Uint8Array): readonly ProvedLogin[] {
    const present = [...(this.#ofAccount.get(account) ?? [])];
    return present.filter((proved) => proved.asking && equalBytes(proved.exchangeKey, exchangeKey));
  }

  readonly #forget = (proved: ProvedLogin): void => {
    const present = this.#ofAccount.get(proved.account);
    if (!present?.delete(proved)) return;
    proved.counts = false;
    this.#count -= 1;
    const ofSource = this.#ofSource.get(proved.source)! - 1;
    if (ofSource > 0) this.#ofSource.set(proved.source, ofSource);
    else this.#ofSource.delete(proved.source);
    if (present.size === 0) this.#ofAccount.delete(proved.account);
  };
}
