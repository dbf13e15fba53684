import { readFileSync } from 'node:fs';
import { fromHex } from '@magpie/common/bytes/hex.ts';

/** One value and its bytes. Byte strings inside `fields` are texts that begin with `hex:`. */
export interface Golden {
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly hex: string;
}

/** Golden bytes of the wire: a change that makes them differ is a change of the protocol. */
export function loadGolden(name: 'frames' | 'content' | 'packets'): readonly Golden[] {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8')) as readonly Golden[];
}

export function goldenValue(golden: Golden): { readonly type: string } {
  return { type: golden.type, ...(revived(golden.fields) as object) };
}

function revived(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith('hex:') ? fromHex(value.slice(4)) : value;
  if (Array.isArray(value)) return value.map(revived);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, revived(inner)]));
}
