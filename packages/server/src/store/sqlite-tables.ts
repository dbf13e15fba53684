import { SqliteAccounts } from './sqlite-accounts.ts';
import { SqliteDevices } from './sqlite-devices.ts';
import { SqliteLedger } from './sqlite-ledger.ts';
import { SqliteMail } from './sqlite-mail.ts';
import { prepareMailStatements } from './sqlite-mail-statements.ts';
import type { SqliteDatabase } from './sqlite-open.ts';
import { SqliteRoster } from './sqlite-roster.ts';
import { prepareStatements } from './sqlite-statements.ts';
import type { StoreRooms } from './store-calls.ts';

/**
 * What each call of the Store does in SQL. Opens no transaction: whoever calls it has done that, and undoes it when a
 * call throws (only for failures of the database).
 */
export function sqliteTables(db: SqliteDatabase): StoreRooms {
  const sql = prepareStatements(db);
  const ledger = new SqliteLedger(sql);
  const roster = new SqliteRoster(sql);
  const mail = new SqliteMail(prepareMailStatements(db), roster);
  const devices = new SqliteDevices(sql, roster, mail);
  return { accounts: new SqliteAccounts(sql, devices, roster, ledger), devices, roster, ledger, mail };
}
