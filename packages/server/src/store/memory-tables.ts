import { MemoryAccounts } from './memory-accounts.ts';
import { MemoryDevices } from './memory-devices.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { MemoryMail } from './memory-mail.ts';
import { MemoryRoster } from './memory-roster.ts';
import type { MemoryRows } from './memory-rows.ts';
import type { StoreRooms } from './store-calls.ts';

/** The Store's calls on rows in memory. */
export function memoryTables(rows: MemoryRows): StoreRooms {
  const ledger = new MemoryLedger(rows);
  const roster = new MemoryRoster(rows);
  const devices = new MemoryDevices(rows, roster);
  const accounts = new MemoryAccounts(rows, devices, roster, ledger);
  return { accounts, devices, roster, ledger, mail: new MemoryMail(rows, roster) };
}
