import { fromBase32, toBase32 } from './bytes/base32.ts';
import { type Pin, parsePin, parseServerAddress, serverAddressText } from './channel/pin.ts';
import { type AccountName, type AccountNumber, parseAccountName, parseAccountNumber } from './ids.ts';
import { INVITE_CODE_BYTES_MAX } from './limits.ts';

/** The server that a link leads to; its pin is what makes it that server, whatever name it is reached by. */
export interface InvitingServer {
  readonly host: string;
  readonly port: number;
  readonly pin: Pin;
}

/** `friend`: somebody to ask, with the account key from its owner's hand. `join`: a code that opens registration. */
export type Invitation =
  | {
      readonly kind: 'friend';
      readonly server: InvitingServer;
      readonly account: AccountNumber;
      readonly name: AccountName;
      /** Ed25519, 32 bytes. */
      readonly accountKey: Uint8Array;
    }
  | { readonly kind: 'join'; readonly server: InvitingServer; readonly invite: string };

/** A host name has 253 characters, all known parameters together below 250; the rest is for newer versions. */
export const INVITATION_CHARACTERS_MAX = 1_024;

const SCHEME = 'magpie://';
const ACCOUNT_KEY_BYTES = 32;
const LINK_PATTERN = /^([^/?#]+)\/(friend|join)\?([^?#\s]+)$/;
const PARAMETER_PATTERN = /^([a-z][a-z0-9-]*)=([A-Za-z0-9._~-]*)$/;
const INVITE_PATTERN = new RegExp(`^[A-Za-z0-9_-]{1,${INVITE_CODE_BYTES_MAX}}$`);

/** Whether somebody means a link, well-formed or not, rather than a name or a number. */
export function isInvitation(text: string): boolean {
  return text.trim().slice(0, SCHEME.length).toLowerCase() === SCHEME;
}

/** What parseInvitation reads back. */
export function invitationText(invitation: Invitation): string {
  const { host, port, pin } = invitation.server;
  const base = `${SCHEME}${serverAddressText({ host, port })}/${invitation.kind}?pin=${pin}`;
  if (invitation.kind === 'join') return `${base}&invite=${invitation.invite}`;
  const { account, name, accountKey } = invitation;
  return `${base}&number=${account}&name=${name}&key=${toBase32(accountKey)}`;
}

/** Strict: no parameter twice, nothing escaped, each known one well-formed. Unknown parameters are ignored. */
export function parseInvitation(text: string): Invitation | undefined {
  const trimmed = text.trim();
  if (trimmed.length > INVITATION_CHARACTERS_MAX || !isInvitation(trimmed)) return undefined;
  const parts = LINK_PATTERN.exec(trimmed.slice(SCHEME.length));
  const parameters = parts && parametersOf(parts[3]!);
  if (!parts || !parameters) return undefined;
  const address = parseServerAddress(parts[1]!);
  const pin = parsePin(parameters.get('pin') ?? '');
  if (!address || !pin) return undefined;
  const server: InvitingServer = { host: address.host, port: address.port, pin };
  return parts[2] === 'friend' ? friendOf(server, parameters) : joinOf(server, parameters);
}

function friendOf(server: InvitingServer, parameters: ReadonlyMap<string, string>): Invitation | undefined {
  const account = parseAccountNumber(parameters.get('number') ?? '');
  const name = parseAccountName(parameters.get('name') ?? '');
  const accountKey = fromBase32(parameters.get('key') ?? '', ACCOUNT_KEY_BYTES);
  return account && name && accountKey && { kind: 'friend', server, account, name, accountKey };
}

function joinOf(server: InvitingServer, parameters: ReadonlyMap<string, string>): Invitation | undefined {
  const invite = parameters.get('invite') ?? '';
  return INVITE_PATTERN.test(invite) ? { kind: 'join', server, invite } : undefined;
}

function parametersOf(query: string): ReadonlyMap<string, string> | undefined {
  const parameters = new Map<string, string>();
  for (const part of query.split('&')) {
    const pair = PARAMETER_PATTERN.exec(part);
    if (!pair || parameters.has(pair[1]!)) return undefined;
    parameters.set(pair[1]!, pair[2]!);
  }
  return parameters;
}
