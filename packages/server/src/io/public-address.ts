import { networkInterfaces } from 'node:os';
import type { Pin } from '@magpie/common/channel/pin.ts';
import type { InvitingServer } from '@magpie/common/invitation.ts';
import type { Endpoint } from '@magpie/common/net.ts';

/** R10: what a peer needs to reach and to recognise a server that listens on `first`. */
export function publicAddressOf(first: Endpoint, publicHost: string | undefined, pin: Pin): InvitingServer {
  return { host: publicHost ?? reachableHost(first), port: first.port, pin };
}

/** The listen address, or for "every address" the one that other machines most likely reach. */
function reachableHost({ address }: Endpoint): string {
  if (address !== '::' && address !== '0.0.0.0') return address;
  const outward = addressesOfThisMachine().filter(({ internal }) => !internal);
  const best = outward.find(({ family }) => family === 'IPv4') ?? outward.find(({ scopeid }) => scopeid === 0);
  return best?.address ?? '127.0.0.1';
}

function addressesOfThisMachine() {
  try {
    return Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  } catch {
    // Some sandboxes forbid the system call; then only this machine is sure to reach us.
    return [];
  }
}
