import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryStore } from '@magpie/server/store/memory-store.ts';
import { openSqliteStore } from '@magpie/server/store/sqlite-store.ts';
import { afterAll } from 'vitest';
import { keepCompiledCode, quickFolder } from './quick-folder.ts';
import { serverStoreAccountsContract } from './server-store-accounts.ts';
import { serverStoreBlocksContract } from './server-store-blocks.ts';
import { serverStoreContract } from './server-store-contract.ts';
import { serverStoreLedgerContract } from './server-store-ledger.ts';
import { serverStoreMailContract } from './server-store-mail.ts';

keepCompiledCode();
const folder = quickFolder('magpie-store-');
let opened = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const suites = [
  serverStoreContract,
  serverStoreAccountsContract,
  serverStoreBlocksContract,
  serverStoreLedgerContract,
  serverStoreMailContract,
];
for (const suite of suites) {
  suite('memory', async () => new MemoryStore());
  suite('SQLite', () => openSqliteStore(join(folder, `${++opened}.db`)));
}
