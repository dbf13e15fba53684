import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore } from '@magpie/server/store/memory-store.ts';
import { openSqliteStore } from '@magpie/server/store/sqlite-store.ts';
import { afterAll } from 'vitest';
import { serverStoreContract } from './server-store-contract.ts';

const folder = mkdtempSync(join(tmpdir(), 'magpie-store-'));
let opened = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

serverStoreContract('memory', async () => new MemoryStore());
serverStoreContract('SQLite', () => openSqliteStore(join(folder, `${++opened}.db`)));
