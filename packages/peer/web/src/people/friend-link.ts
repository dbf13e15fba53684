/** What an invitation link says of its owner. The daemon checks it; this is only to look them up before asking. */
export type FriendLink =
  | { readonly kind: 'friend'; readonly number: string; readonly name: string; readonly pin: string }
  /** An invitation to the server, not to a person. */
  | { readonly kind: 'join' }
  | { readonly kind: 'bad' };

const LINK = /^magpie:\/\/[^/?#\s]+\/(friend|join)\?([^?#\s]+)$/i;
const LINK_CHARACTERS_MAX = 1_024;

/** @returns undefined when it is no link at all but a name or number */
export function parseFriendLink(text: string): FriendLink | undefined {
  const trimmed = text.trim();
  if (!/^magpie:/i.test(trimmed)) return undefined;
  const parts = trimmed.length <= LINK_CHARACTERS_MAX ? LINK.exec(trimmed) : null;
  if (!parts) return { kind: 'bad' };
  if (parts[1]!.toLowerCase() === 'join') return { kind: 'join' };
  const parameters = new URLSearchParams(parts[2]);
  const number = parameters.get('number') ?? '';
  const pin = parameters.get('pin') ?? '';
  if (!/^[1-9][0-9]{4,15}$/.test(number) || pin === '' || !parameters.has('key')) return { kind: 'bad' };
  return { kind: 'friend', number, name: parameters.get('name') ?? '', pin };
}

/** @param server as in the account: `host:port#pin` */
export function leadsTo(link: { readonly pin: string }, server: string): boolean {
  return server.slice(server.indexOf('#') + 1).toLowerCase() === link.pin.toLowerCase();
}
