import type Sqlite from 'better-sqlite3';
import { SqliteContacts } from './sqlite-contacts.ts';
import { sqliteHistoryCalls } from './sqlite-history.ts';
import { SqliteMailTable } from './sqlite-mail-table.ts';
import { SqliteMessageTable } from './sqlite-message-table.ts';
import { SqliteNumberingTable } from './sqlite-numbering-table.ts';
import { SqliteOwn } from './sqlite-own.ts';
import { SqliteProfile } from './sqlite-profile.ts';
import type { SyncCalls } from './store-call-names.ts';
import { callsOver } from './store-calls.ts';

/**
 * The port over an open database. None of the calls begins or ends a transaction.
 * @param onErased called when a text was erased: files that are beside the database may still have it
 */
export function createCalls(db: Sqlite.Database, onErased: () => void = () => {}): SyncCalls {
  return callsOver({
    tables: {
      rows: new SqliteMessageTable(db, onErased),
      numberings: new SqliteNumberingTable(db),
      mail: new SqliteMailTable(db),
    },
    profiles: new SqliteProfile(db),
    contacts: new SqliteContacts(db),
    own: new SqliteOwn(db),
    history: sqliteHistoryCalls(db),
  });
}
