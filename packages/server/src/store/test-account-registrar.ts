import type { AccountName, DeviceId } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { openSqliteStore } from './sqlite-store.ts';

// Registers accounts until it is killed, and writes each name once its registration was answered.
const store = await openSqliteStore(process.argv[2]!);
for (let i = 1; ; i++) {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(0, i);
  const answer = await store.register({
    name: `user${i}` as AccountName,
    displayName: 'user',
    passwordHash: 'x',
    accountKey: bytes,
    deviceList: bytes,
    deviceListVersion: 1,
    label: 'laptop',
    recoveryKey: bytes,
    sealedSeed: new Uint8Array(48),
    createdAt: 0 as WallMs,
    device: i.toString(16).padStart(32, '0') as DeviceId,
    exchangeKey: bytes,
    signKey: bytes,
  });
  if (!answer.ok) throw new Error(answer.error);
  process.stdout.write(`user${i}\n`);
}
