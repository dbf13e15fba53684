import { networkInterfaces } from 'node:os';
import { normalizeAddress } from '@magpie/common/net.ts';
import { after, type Clock, type Timer } from '@magpie/common/time.ts';
import type { LocalAddress } from '../path/candidate-filter.ts';

/** How often the addresses are compared (p2p.md 6.6): Node has no event for a changed network. */
const POLL_MS = 2_000;

/** Every address of every interface that is up, loopback included, in the order of the system. */
export function listLocalAddresses(): readonly LocalAddress[] {
  const found: LocalAddress[] = [];
  for (const [interfaceName, addresses] of Object.entries(readInterfaces())) {
    for (const { address } of addresses ?? []) found.push({ interfaceName, address: normalizeAddress(address) });
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

/**
 * Calls `onChange` with the new addresses whenever their set differs from the last look, until closed. A sleep of the
 * machine shows itself here too, as soon as it changes an address.
 * @param list replaced in tests
 */
export function watchLocalAddresses(
  clock: Clock,
  onChange: (addresses: readonly LocalAddress[]) => void,
  list: () => readonly LocalAddress[] = listLocalAddresses,
): { close(): void } {
  let known = fingerprint(list());
  let timer: Timer;
  let closed = false;
  const look = (): void => {
    const addresses = list();
    const seen = fingerprint(addresses);
    if (seen !== known) {
      known = seen;
      onChange(addresses);
    }
    if (!closed) timer = clock.setTimer(after(clock.now(), POLL_MS), look);
  };
  timer = clock.setTimer(after(clock.now(), POLL_MS), look);
  return {
    close: () => {
      closed = true;
      timer.cancel();
    },
  };
}

function fingerprint(addresses: readonly LocalAddress[]): string {
  return addresses
    .map(({ interfaceName, address }) => `${interfaceName} ${address}`)
    .sort()
    .join('\n');
}
