import { type AccountName, parseAccountName, parseAccountNumber } from '@magpie/common/ids.ts';
import type { Account, Store } from '../store/store.ts';

/** A well-formed name, asked for in place of what is none. */
const NAME_OF_NOBODY = 'nobody' as AccountName;

/** Name or number as typed, in one form: what budgets of unknown names count by. */
export function normalizeAccountText(text: string): string {
  return text.trim().toLowerCase();
}

/**
 * One look-up whatever was typed, so that a malformed name costs what an unknown one costs.
 * @param typed normalized
 * @returns also a deleted account: only its name and number are left of it
 */
export async function accountByText(store: Store, typed: string): Promise<Account | undefined> {
  const number = parseAccountNumber(typed);
  const name = parseAccountName(typed);
  if (number !== undefined) return store.accountByNumber(number);
  const found = await store.accountByName(name ?? NAME_OF_NOBODY);
  return name === undefined ? undefined : found;
}
