import type { ContactJson, RoadJson } from '@magpie/common/rpc/schemas.ts';
import type { Invocation } from './invocation.ts';
import { localTime } from './local-time.ts';
import { printable } from './printable.ts';

/** How contacts, their presence and their roads are shown to people. Everything that is returned is safe to print. */

/** `remark (name)`, or the name alone. */
export function nameText({ alias, name }: Pick<ContactJson, 'alias' | 'name'>): string {
  return alias === null ? printable(name) : `${printable(alias)} (${printable(name)})`;
}

/** `Direct 12 ms`, `LAN`, `Relay 41 ms`, `Mailbox`, `-`. */
export function roadText({ text }: Pick<Invocation, 'text'>, road: RoadJson | null): string {
  if (!road) return '-';
  const kind = text(road.kind === 'direct' && road.lan ? 'road.lan' : `road.${road.kind}`);
  return road.rttMs > 0 && road.kind !== 'mailbox' ? `${kind} ${rttText(road.rttMs)}` : kind;
}

export function rttText(rttMs: number): string {
  return `${rttMs < 10 ? rttMs.toFixed(1) : Math.round(rttMs)} ms`;
}

const STYLE_OF_PRESENCE = { online: 'green', away: 'yellow', busy: 'red' } as const;

export function presenceText({ out, text }: Invocation, presence: ContactJson['presence']): string {
  const word = text(`presence.${presence}`);
  return presence === 'offline' || presence === 'unknown' ? word : out.style(STYLE_OF_PRESENCE[presence], word);
}

/** The status with what is said beside it, or with when somebody was last here. */
function presenceCell(invocation: Invocation, contact: ContactJson): string {
  const word = presenceText(invocation, contact.presence);
  if (contact.statusText !== '') return `${word}: ${printable(contact.statusText)}`;
  if (contact.lastSeen === null) return word;
  return `${word}, ${invocation.text('contact.last-seen', { time: localTime(contact.lastSeen) })}`;
}

function stateText({ text }: Invocation, contact: ContactJson): string {
  if (contact.listBroken) return text('contact.list-broken');
  return text(contact.keyChanged ? 'contact.key-changed' : `roster.${contact.state}`);
}

/** @param states whether to say who is a friend and who is not; a changed key is always said */
export function contactLines(
  invocation: Invocation,
  items: readonly ContactJson[],
  states: boolean,
): Promise<string[]> {
  const { out, text } = invocation;
  const withStates = states || items.some((each) => each.keyChanged);
  const headings = [
    text('column.number'),
    text('column.name'),
    text('column.display-name'),
    text('column.presence'),
    text('column.path'),
    text('column.unread'),
    text('column.group'),
    text('column.verified'),
    ...(withStates ? [text('column.state')] : []),
  ];
  const rows = items.map((each) => [
    each.id,
    nameText(each),
    printable(each.displayName),
    presenceCell(invocation, each),
    roadText(invocation, each.path),
    String(each.unread),
    printable(each.group ?? '-'),
    each.verified ? out.style('green', '✓') : '-',
    ...(withStates ? [stateText(invocation, each)] : []),
  ]);
  return out.table(headings, rows);
}

/** All that is known of one contact, a line for each. */
export function contactDetails(invocation: Invocation, contact: ContactJson): Promise<string[]> {
  const { out, text } = invocation;
  const yesOrNo = (yes: boolean): string => text(yes ? 'word.yes' : 'word.no');
  return out.table(
    [],
    [
      [text('column.number'), contact.id],
      [text('column.name'), nameText(contact)],
      [text('column.display-name'), printable(contact.displayName)],
      [text('column.state'), stateText(invocation, contact)],
      [text('column.presence'), presenceCell(invocation, contact)],
      [text('column.path'), roadText(invocation, contact.path)],
      [text('column.unread'), String(contact.unread)],
      [text('column.group'), printable(contact.group ?? '-')],
      [text('column.signature'), printable(contact.signatureLine || '-')],
      [text('column.verified'), yesOrNo(contact.verified)],
      [text('column.never-direct'), yesOrNo(contact.neverDirect)],
      ...(contact.missing === 0 ? [] : [[text('column.missing'), String(contact.missing)]]),
      ...(contact.text === '' ? [] : [[text('column.text'), printable(contact.text)]]),
    ],
  );
}
