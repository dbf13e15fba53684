import { parseServerAddress } from '@magpie/common/channel/pin.ts';
import type { ServerTarget } from '../server-link/server-link.ts';
import type { Profile } from '../store/store.ts';

/** What the user named. */
export function targetOf(server: string, trustFirst: boolean): ServerTarget | undefined {
  const address = parseServerAddress(server);
  return address && { host: address.host, port: address.port, pin: address.pin, serverKey: undefined, trustFirst };
}

/** Where this profile's account is, by the key that is remembered (R10). */
export function knownTarget(profile: Profile): ServerTarget {
  const { serverHost, serverPort, serverKey } = profile;
  return { host: serverHost, port: serverPort, pin: undefined, serverKey, trustFirst: false };
}

export function leadsTo({ host, port }: ServerTarget, { serverHost, serverPort }: Profile): boolean {
  return host === serverHost && port === serverPort;
}
