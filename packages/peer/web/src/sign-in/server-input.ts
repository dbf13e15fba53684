/** Where to sign in, as the daemon takes it, and the invitation that came with it. */
export interface ServerInput {
  readonly address: string;
  readonly invite: string | undefined;
}

const LINK = /^magpie:\/\/([^/?#\s]+)\/(?:friend|join)\?([^#\s]+)$/i;

/**
 * What was pasted: `host:port`, `host:port#pin`, or an invitation link, which carries both and perhaps a code. The
 * daemon judges the parts; an invitation that cannot be taken apart is undefined.
 */
export function readServerInput(text: string): ServerInput | undefined {
  const given = text.trim();
  if (!/^magpie:/i.test(given)) return given === '' ? undefined : { address: given, invite: undefined };
  const [, host, query] = LINK.exec(given) ?? [];
  if (host === undefined || query === undefined) return undefined;
  const parameters = new URLSearchParams(query);
  const pin = parameters.get('pin');
  return pin ? { address: `${host}#${pin}`, invite: parameters.get('invite') ?? undefined } : undefined;
}

/** The same server with the key that it showed, once a person has accepted that key. */
export function withPin(address: string, pin: string): string {
  return `${address.split('#', 1)[0]}#${pin}`;
}
