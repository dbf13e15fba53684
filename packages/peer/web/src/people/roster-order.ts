import type { ChatJson, ContactJson, DraftJson } from '@magpie/common/rpc/schemas.ts';
import { displayNameOf, matchesSearch } from './names.ts';

type Contacts = ReadonlyMap<string, ContactJson>;

export interface ChatRow {
  readonly id: string;
  /** Undefined: the account is not in the list of contacts (any more), only its messages are here. */
  readonly contact: ContactJson | undefined;
  readonly chat: ChatJson | undefined;
  readonly draft: DraftJson | undefined;
}

/**
 * Every chat with messages or a draft, the one with the newest first.
 * @param isWhole without it more chats are to come, and a draft may belong to one of them
 */
export function chatRows(
  chats: ReadonlyMap<string, ChatJson>,
  contacts: Contacts,
  drafts: ReadonlyMap<string, DraftJson>,
  isWhole = true,
): readonly ChatRow[] {
  const begun = isWhole ? [...drafts.values()].filter(({ text }) => text !== '') : [];
  const ids = new Set([...chats.keys(), ...begun.map(({ chat }) => chat)]);
  return [...ids]
    .map((id) => {
      const row = { id, contact: contacts.get(id), chat: chats.get(id), draft: written(drafts.get(id)) };
      return { row, at: row.chat?.last?.at ?? row.draft?.at ?? '' };
    })
    .filter(({ at }) => at !== '')
    .sort((a, b) => (a.at === b.at ? Number(a.row.id) - Number(b.row.id) : a.at < b.at ? 1 : -1))
    .map(({ row }) => row);
}

function written(draft: DraftJson | undefined): DraftJson | undefined {
  return draft?.text ? draft : undefined;
}

export type FriendRow =
  | {
      readonly type: 'group';
      readonly id: string;
      /** `none`: friends in no group. */
      readonly group: 'none' | 'blocked' | { readonly name: string };
      readonly online: number;
      readonly total: number;
      readonly folded: boolean;
    }
  | { readonly type: 'friend'; readonly id: string; readonly contact: ContactJson };

/** Ids of the groups that have no name of their own; `/` keeps them apart from those that have. */
const NO_GROUP = 'none';
const BLOCKED = 'blocked';
const NAMED = 'group/';
/** Blocked people are out of sight unless they were unfolded. */
const BLOCKED_UNFOLDED = 'blocked/open';

/** The friends by group: those without one first, then the named groups, then who is blocked; online ones first in each. */
export function friendRows(
  contacts: Contacts,
  foldedGroups: readonly string[],
  collator: Intl.Collator,
): readonly FriendRow[] {
  const groups = new Map<string, ContactJson[]>([[NO_GROUP, []]]);
  for (const contact of contacts.values()) {
    const id = groupOf(contact);
    if (id === undefined) continue;
    const members = groups.get(id);
    if (members) members.push(contact);
    else groups.set(id, [contact]);
  }
  return [...groups.keys()]
    .filter((id) => groups.get(id)!.length > 0)
    .sort((a, b) => placeOf(a) - placeOf(b) || collator.compare(a, b))
    .flatMap((id) => {
      const members = groups.get(id)!;
      const folded = isFolded(id, foldedGroups);
      const head: FriendRow = {
        type: 'group',
        id,
        group: id === NO_GROUP || id === BLOCKED ? id : { name: id.slice(NAMED.length) },
        online: members.filter(isHere).length,
        total: members.length,
        folded,
      };
      return folded ? [head] : [head, ...inOrder(members, collator).map(friendRow)];
    });
}

function friendRow(contact: ContactJson): FriendRow {
  return { type: 'friend', id: contact.id, contact };
}

function groupOf({ state, group }: ContactJson): string | undefined {
  if (state === 'blocked') return BLOCKED;
  if (state !== 'member') return undefined;
  return group ? NAMED + group : NO_GROUP;
}

function placeOf(id: string): number {
  return id === NO_GROUP ? 0 : id === BLOCKED ? 2 : 1;
}

function isFolded(id: string, foldedGroups: readonly string[]): boolean {
  return id === BLOCKED ? !foldedGroups.includes(BLOCKED_UNFOLDED) : foldedGroups.includes(id);
}

/** @returns the list of folded groups with this one folded, or not any more */
export function toggled(id: string, foldedGroups: readonly string[]): readonly string[] {
  const mark = id === BLOCKED ? BLOCKED_UNFOLDED : id;
  return foldedGroups.includes(mark) ? foldedGroups.filter((each) => each !== mark) : [...foldedGroups, mark];
}

/** Everybody who fits the query: friends first, and among them whose name begins with it. */
export function foundPeople(contacts: Contacts, query: string, collator: Intl.Collator): readonly ContactJson[] {
  const found = [...contacts.values()].filter(
    (contact) => contact.state !== 'removed' && matchesSearch(contact, query),
  );
  const rank = (contact: ContactJson): number =>
    (contact.state === 'member' ? 0 : 2) + (begins(displayNameOf(contact), query) ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b) || collator.compare(displayNameOf(a), displayNameOf(b)));
}

function begins(name: string, query: string): boolean {
  return name.toLocaleLowerCase().startsWith(query.trim().toLocaleLowerCase());
}

/** Friend requests: those that wait for us, then those that wait for them. */
export function requestRows(
  contacts: Contacts,
  collator: Intl.Collator,
): { readonly incoming: readonly ContactJson[]; readonly outgoing: readonly ContactJson[] } {
  const of = (state: ContactJson['state']) =>
    [...contacts.values()]
      .filter((contact) => contact.state === state)
      .sort((a, b) => collator.compare(displayNameOf(a), displayNameOf(b)));
  return { incoming: of('asking'), outgoing: of('asked') };
}

const PRESENCE_RANKS: Readonly<Record<ContactJson['presence'], number>> = {
  online: 0,
  busy: 1,
  away: 1,
  unknown: 2,
  offline: 2,
};

export function isHere({ presence }: ContactJson): boolean {
  return PRESENCE_RANKS[presence] < 2;
}

function inOrder(contacts: readonly ContactJson[], collator: Intl.Collator): ContactJson[] {
  return [...contacts].sort(
    (a, b) =>
      PRESENCE_RANKS[a.presence] - PRESENCE_RANKS[b.presence] ||
      collator.compare(displayNameOf(a), displayNameOf(b)) ||
      Number(a.id) - Number(b.id),
  );
}

/** Names of the groups that exist, for a choice. */
export function groupNames(contacts: Contacts, collator: Intl.Collator): readonly string[] {
  const names = [...contacts.values()].map(({ group }) => group).filter((name): name is string => !!name);
  return [...new Set(names)].sort(collator.compare);
}
