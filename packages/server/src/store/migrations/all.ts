import { initial } from './0001-initial.ts';
import { befriended } from './0002-befriended.ts';
import { accounts } from './0003-accounts.ts';
import { mail } from './0004-mail.ts';
import type { Migration } from './migration.ts';

/** In order, without gaps. */
export const MIGRATIONS: readonly Migration[] = [initial, befriended, accounts, mail];
