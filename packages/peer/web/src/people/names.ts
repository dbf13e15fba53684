import type { ContactJson } from '@magpie/common/rpc/schemas.ts';

type Named = Pick<ContactJson, 'alias' | 'displayName' | 'name' | 'id'>;

/** What to call somebody here: the own remark before the name they chose themselves. */
export function displayNameOf(contact: Named): string {
  return contact.alias || contact.displayName || contact.name || contact.id;
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
