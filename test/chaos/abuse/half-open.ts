import { LOGIN_MS_MAX } from '@magpie/common/limits.ts';
import { type Row, row } from '../../../scripts/report.ts';
import { pause } from '../../e2e/stage.ts';
import { type Arena, MB, socketCount } from '../arena.ts';
import type { ChatFigures, LoginFigures, LoginPlan } from '../honest-process.ts';
import type { HalfOpenFigures, HalfOpenPlan } from './half-opener.ts';

const CONNECTIONS = 5_000;
/** After the first wave, which comes at once: slow enough that the handshake gate takes in every one. */
const PER_SECOND = 400;
const LOGINS = 20;
const LOGIN_MS = 2_000;
const CHAT_P99_MS = 200;
const GROWTH_MB = 50;
/** Beyond the server's own deadline for a login. */
const FREED_MS = LOGIN_MS_MAX + 10_000;

/** Connections that begin and do not end, and lengths that promise what never comes. */
export async function halfOpen(arena: Arena): Promise<readonly Row[]> {
  const server = await arena.startServer();
  const honest = await arena.startHonest(server);
  const attacker = arena.startAttacker();
  await honest.call('startChat');
  await pause(1_000);
  const socketsBefore = socketCount(server.pid);
  await attacker.call('registerHalfFrames', server.address);
  const growth = arena.watchMemory(server.pid);
  const sockets = arena.watchSockets(server.pid);
  const attack = (plan: Omit<HalfOpenPlan, 'address'>) =>
    attacker.call<HalfOpenFigures>('halfOpen', { ...plan, address: server.address });
  const logIns = (plan: Omit<LoginPlan, 'count'>) =>
    honest.call<LoginFigures>('logIns', { count: LOGINS / 2, ...plan });

  await attacker.call('fillHalfFrames');
  const [wave, inWave] = await Promise.all([
    attack({ count: CONNECTIONS }),
    logIns({ who: 0, how: 'key', overMs: 4_000 }),
  ]);
  const steadyMs = (CONNECTIONS / PER_SECOND) * 1000;
  const [steady, inSteady] = await Promise.all([
    attack({ count: CONNECTIONS, perSecond: PER_SECOND }),
    logIns({ who: 1, how: 'password', overMs: steadyMs }),
  ]);
  const grownMb = growth() / MB;
  const socketsMost = sockets();
  const freedAfterMs = await freed(arena, server.pid, socketsBefore, attacker);
  const chat = await honest.call<ChatFigures>('endChat');
  const alive = await honest.call<number>('alive');

  arena.say(`  at once: ${JSON.stringify(wave)}, steadily: ${JSON.stringify(steady)}, sockets ${socketsMost}`);
  arena.say(`  logins: ${JSON.stringify(inWave)} ${JSON.stringify(inSteady)}`);
  arena.say(`  chat: ${JSON.stringify(chat)}; freed after ${(freedAfterMs / 1000).toFixed(1)} s`);
  const slowestMs = Math.max(inWave.maxMs, inSteady.maxMs);
  const accepted = inWave.accepted + inSteady.accepted;
  const left = Math.max(0, socketCount(server.pid) - socketsBefore);
  return [
    row(
      'half-open-rss',
      `growth of the server at its most under 2 × ${CONNECTIONS} half-open connections and length bombs, ${socketsMost} sockets`,
      grownMb,
      'MB',
      `< ${GROWTH_MB}`,
      grownMb < GROWTH_MB && socketsMost > socketsBefore,
    ),
    row(
      'half-open-login',
      `slowest of ${LOGINS} honest logins, by key and by password; ${accepted} let in`,
      slowestMs,
      'ms',
      `< ${LOGIN_MS}, ${LOGINS} let in`,
      slowestMs < LOGIN_MS && accepted === LOGINS,
    ),
    row(
      'half-open-chat-p99',
      `chat by relay meanwhile, ${chat.sent} messages`,
      chat.p99Ms,
      'ms',
      `< ${CHAT_P99_MS}, all delivered, both still connected`,
      chat.p99Ms < CHAT_P99_MS && chat.received === chat.sent && alive === 2,
    ),
    row('half-open-left', 'sockets of attackers that the server still holds afterwards', left, '', '0', left === 0),
  ];
}

/** The server must close them itself, unless the run is too short to wait for its deadlines. @returns ms */
async function freed(
  arena: Arena,
  pid: number,
  sockets: number,
  attacker: { call(name: string): Promise<unknown> },
): Promise<number> {
  const startedMs = performance.now();
  const untilMs = startedMs + Math.min(FREED_MS, arena.seconds * 1000 + 10_000);
  while (socketCount(pid) > sockets && performance.now() < untilMs) {
    if (arena.seconds * 1000 < LOGIN_MS_MAX) await attacker.call('leaveHalfOpen');
    await pause(200);
  }
  return performance.now() - startedMs;
}
