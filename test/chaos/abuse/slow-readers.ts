import { type Row, row } from '../../../scripts/report.ts';
import { pause } from '../../e2e/stage.ts';
import { type Arena, MB, socketCount } from '../arena.ts';
import type { ChatFigures } from '../honest-process.ts';
import type { CrowdFigures, CrowdPlan } from './slow-reader-crowd.ts';

const READERS = 200;
const SENDERS = 20;
const CHAT_P99_MS = 200;
/** What may wait for each: 256 KiB of one pair, and 64 KiB that the stream holds. Beside that, what any attack may cost. */
const HELD_MB = (READERS * (256 + 64) * 1024) / MB;
const GROWTH_MB = 50 + HELD_MB;
/** Not a byte taken for 30 s, after the systems' own buffers are full. */
const CLOSED_MS_MAX = 90_000;

/** Clients that stop reading while friends send to them. */
export async function slowReaders(arena: Arena): Promise<readonly Row[]> {
  const server = await arena.startServer();
  const honest = await arena.startHonest(server);
  const attacker = arena.startAttacker();
  const before = socketCount(server.pid);
  await attacker.call('makeCrowd', {
    ...{ address: server.address, readers: READERS, senders: SENDERS },
  } satisfies CrowdPlan);
  const all = socketCount(server.pid);
  await honest.call('startChat');
  const growth = arena.watchMemory(server.pid);
  await attacker.call('stopReading');
  const startedMs = performance.now();
  while (socketCount(server.pid) > all - READERS && performance.now() - startedMs < CLOSED_MS_MAX) await pause(250);
  const tookSeconds = (performance.now() - startedMs) / 1000;
  const grownMb = growth() / MB;
  const closed = all - socketCount(server.pid);
  const crowd = await attacker.call<CrowdFigures>('readAgain');
  const chat = await honest.call<ChatFigures>('endChat');
  arena.say(`  ${all - before} in the crowd: ${JSON.stringify(crowd)}; chat: ${JSON.stringify(chat)}`);
  return [
    row(
      'slow-readers-closed',
      `of ${READERS} that stopped reading, closed by the server within ${tookSeconds.toFixed(0)} s; their friends stay`,
      closed,
      '',
      `${READERS} within ${CLOSED_MS_MAX / 1000} s, no friend`,
      closed === READERS && crowd.readersClosed === READERS && crowd.sendersClosed === 0,
    ),
    row(
      'slow-readers-rss',
      `growth of the server at its most; ${(crowd.sentBytes / MB).toFixed(0)} MB were sent to them`,
      grownMb,
      'MB',
      `< ${GROWTH_MB.toFixed(0)}`,
      grownMb < GROWTH_MB,
    ),
    row(
      'slow-readers-chat-p99',
      `chat by relay meanwhile, ${chat.sent} messages`,
      chat.p99Ms,
      'ms',
      `< ${CHAT_P99_MS}, all delivered`,
      chat.p99Ms < CHAT_P99_MS && chat.received === chat.sent,
    ),
  ];
}
