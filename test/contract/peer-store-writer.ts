import type { AccountNumber } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { openSqlitePeerStore } from '@magpie/peer/store/sqlite-store.ts';
import { messageId, OWN_DEVICE, PROFILE } from './peer-store-samples.ts';

/** Commits messages without end and prints each number once it is durable, until it is killed. */
const store = await openSqlitePeerStore(process.argv[2] ?? '');
await store.saveProfile(PROFILE);
const chat = 10_002 as AccountNumber;
for (let n = 1; ; n += 4) {
  const together = [n, n + 1, n + 2, n + 3].map((one) =>
    store.commitOutgoing(
      { id: messageId(one), chat, device: OWN_DEVICE, kind: 'text', text: `text ${one}` },
      1 as WallMs,
    ),
  );
  for (const { message } of await Promise.all(together)) process.stdout.write(`${message.sequence}\n`);
}
