import { networkInterfaces } from 'node:os';
import { normalizeAddress } from '@magpie/common/net.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import type { LocalAddress } from '../path/candidate-filter.ts';

/** How often the addresses are compared (p2p.md 6.6): Node has no event for a changed network. */
const POLL_MS = 2_000;
/** A change is told once two looks this far apart agree: interfaces come up address by address. */
const DEBOUNCE_MS = 250;

export interface SystemAddress extends LocalAddress {
  /** Loopback, by the system's own account. */
  readonly internal: boolean;
}

/** Every address of every interface that is up, loopback included, in the order of the system. */
export function listLocalAddresses(): readonly SystemAddress[] {
  const found: SystemAddress[] = [];
  for (const [interfaceName, addresses] of Object.entries(readInterfaces())) {
    for (const { address, internal } of addresses ?? []) {
      found.push({ interfaceName, address: normalizeAddress(address), internal });
    }
  }
  return found;
}

function readInterfaces(): ReturnType<typeof networkInterfaces> {
  try {
    return networkInterfaces();
  } catch {
    // Some sandboxes forbid the system call; without host candidates the relay and reflexive ones remain.
    return {};
  }
}

/** The machine's interfaces, polled on the program's clock. */
export class SystemInterfaces {
  readonly #clock: Clock;
  readonly #list: () => readonly SystemAddress[];

  /** @param list replaced in tests */
  constructor(clock: Clock, list: () => readonly SystemAddress[] = listLocalAddresses) {
    this.#clock = clock;
    this.#list = list;
  }

  list(): readonly SystemAddress[] {
    return this.#list();
  }

  /**
   * Calls `onChange` whenever the set of addresses differs from the last one told, until the returned function is
   * called.
   */
  watch(onChange: () => void): () => void {
    let told = fingerprint(this.#list());
    let pending: string | undefined;
    let closed = false;
    let timer: Timer;
    const look = (): void => {
      const seen = fingerprint(this.#list());
      const settled = seen === pending;
      pending = seen === told || settled ? undefined : seen;
      timer = this.#clock.setTimer(after(this.#clock.now(), pending === undefined ? POLL_MS : DEBOUNCE_MS), look);
      if (!settled || closed) return;
      told = seen;
      onChange();
    };
    timer = this.#clock.setTimer(after(this.#clock.now(), POLL_MS), look);
    return () => {
      closed = true;
      timer.cancel();
    };
  }
}

function fingerprint(addresses: readonly LocalAddress[]): string {
  return addresses
    .map(({ interfaceName, address }) => `${interfaceName} ${address}`)
    .sort()
    .join('\n');
}
