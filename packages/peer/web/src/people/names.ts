import { parseAccountName } from '@magpie/common/ids.ts';
import type { ContactJson } from '@magpie/common/rpc/schemas.ts';

type Named = Pick<ContactJson, 'alias' | 'displayName' | 'name' | 'id'>;

/** A server keeps such out of names; one that does not could turn the sentences around in which a name stands. */
const TURNING = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** What to call somebody here: the own remark before the name they chose themselves. */
export function displayNameOf(contact: Named): string {
  const plain = (name: string): string => name.replace(TURNING, '').trim();
  return plain(contact.alias ?? '') || plain(contact.displayName) || plain(contact.name) || contact.id;
}

/** What to call somebody in a command that people copy into a terminal: a server that means ill puts commands into a name. */
export function typedNameOf({ name, id }: Pick<Named, 'name' | 'id'>): string {
  return parseAccountName(name) === name ? name : id;
}

/** Every word of the query occurs in the remark, a name or the number. An empty query matches everybody. */
export function matchesSearch(contact: Named, query: string): boolean {
  const haystack = folded([contact.alias ?? '', contact.displayName, contact.name, contact.id].join('\n'));
  return folded(query)
    .split(/\s+/)
    .every((word) => haystack.includes(word));
}

function folded(text: string): string {
  return text.normalize('NFKC').toLocaleLowerCase().trim();
}
