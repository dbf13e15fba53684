import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Incarnation } from '@magpie/common/ids.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BOB, BOBS_DEVICE, PROFILE, textTo, wall } from '../../../../test/contract/peer-store-samples.ts';
import { openSqlitePeerStore } from './sqlite-store.ts';

const OPEN_FILES = '/proc/self/fd';
const NEXT = '00000000000000ff' as Incarnation;

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'magpie-store-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

it.skipIf(process.platform !== 'linux')(
  'an encrypted profile keeps temporary files in memory: SQLite never encrypts those',
  async () => {
    const store = await openSqlitePeerStore(join(folder, 'profile.db'), new Uint8Array(32).fill(9));
    const seen = new Set<string>();
    const timer = setInterval(() => {
      for (const file of temporaryFiles()) seen.add(file);
    }, 1);
    try {
      await store.saveProfile(PROFILE);
      await store.meetDevices(BOB, [BOBS_DEVICE]);
      const text = 'a word '.repeat(200);
      const numbers = Array.from({ length: 1_500 }, (_, index) => index + 1);
      await Promise.all(numbers.map((n) => store.commitOutgoing(textTo(BOB, n, { text }), wall(n))));
      await Promise.all([
        store.updateProfile({ incarnation: NEXT }),
        store.commitOutgoing(textTo(BOB, 9_001), wall(1)),
      ]);
      await Promise.all([
        store.applyReceipt(BOB, NEXT, 'read', [{ from: 1, to: 1_500 }], BOBS_DEVICE),
        store.commitOutgoing(textTo(BOB, 9_002), wall(1)),
      ]);
    } finally {
      clearInterval(timer);
      await store.close();
    }
    expect([...seen]).toEqual([]);
  },
  60_000,
);

/** Open in this process: they have no name any more. */
function temporaryFiles(): readonly string[] {
  return readdirSync(OPEN_FILES).flatMap((name) => {
    try {
      const path = join(OPEN_FILES, name);
      const target = readlinkSync(path);
      return target.includes('etilqs') ? [`${target}: ${readFileSync(path).length} bytes`] : [];
    } catch {
      return [];
    }
  });
}
