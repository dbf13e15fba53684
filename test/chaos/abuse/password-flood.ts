import { type Row, row } from '../../../scripts/report.ts';
import { type Arena, MB } from '../arena.ts';
import { sourceOf } from '../chaos-client.ts';
import type { ChatFigures, LoginFigures, LoginPlan } from '../honest-process.ts';
import { FLOOD, type FloodFigures, type FloodPlan } from './password-flooder.ts';

const PER_SECOND = 1_000;
const SOURCES = 600;
const ACCOUNTS = 50;
const KEY_LOGINS = 100;
const PASSWORD_LOGINS = 20;
const SHARED_SOURCE_LOGINS = 20;
const CHAT_P99_MS = 200;
const GROWTH_MB = 100;
/** Guesses against one account that a day begins with, and that come back in it (defaults of the server). */
const GUESSES_BURST = 10;
const GUESSES_PER_DAY = 108;
/** At least this share of the planned rate must have been made, or the flood was none. */
const RATE_SHARE = 0.95;

/** 1,000 wrong passwords a second from hundreds of addresses, while people chat and log in. */
export async function passwordFlood(arena: Arena): Promise<readonly Row[]> {
  const server = await arena.startServer();
  const honest = await arena.startHonest(server);
  const attacker = arena.startAttacker();
  const shared = sourceOf(FLOOD, 7);
  // Whoever has logged in from an address once is known there, also when the flood comes from it later.
  await honest.call<LoginFigures>('logIns', { who: 2, count: 2, overMs: 0, how: 'key', sources: [shared] });
  await honest.call<LoginFigures>('logIns', { who: 1, count: 4, overMs: 0, how: 'password' });
  const plan: FloodPlan = {
    ...{ address: server.address, seconds: arena.seconds, perSecond: PER_SECOND },
    ...{ sources: SOURCES, accounts: ACCOUNTS },
  };
  await attacker.call('registerVictims', plan);
  const growth = arena.watchMemory(server.pid);
  const flooding = attacker.call<FloodFigures>('floodPasswords', plan);
  await honest.call('startChat');
  const overMs = arena.seconds * 800;
  const logIns = (login: Omit<LoginPlan, 'overMs'>) => honest.call<LoginFigures>('logIns', { ...login, overMs });
  const [byKey, byPassword, fromShared] = await Promise.all([
    logIns({ who: 0, count: KEY_LOGINS, how: 'key' }),
    logIns({ who: 1, count: PASSWORD_LOGINS, how: 'password' }),
    logIns({ who: 2, count: SHARED_SOURCE_LOGINS, how: 'key', sources: [shared] }),
  ]);
  const flood = await flooding;
  const chat = await honest.call<ChatFigures>('endChat');
  const grownMb = growth() / MB;

  const rate = (flood.attempts + (flood.outcomes['turned away'] ?? 0)) / flood.seconds;
  const most = Math.floor(GUESSES_BURST + (GUESSES_PER_DAY * flood.seconds) / 86_400);
  arena.say(`  flood: ${JSON.stringify(flood)}`);
  arena.say(`  chat: ${JSON.stringify(chat)}`);
  for (const logins of [byKey, byPassword, fromShared]) arena.say(`  logins: ${JSON.stringify(logins)}`);
  return [
    row(
      'flood-attempts',
      `attempts a second over ${flood.seconds.toFixed(0)} s from ${SOURCES} sources, ${flood.connections} connections`,
      rate,
      '1/s',
      `>= ${PER_SECOND * RATE_SHARE}`,
      rate >= PER_SECOND * RATE_SHARE,
    ),
    row(
      'flood-chat-p99',
      `chat by relay between two friends meanwhile, ${chat.sent} messages; median ${chat.p50Ms.toFixed(1)} ms`,
      chat.p99Ms,
      'ms',
      `< ${CHAT_P99_MS}, all ${chat.sent} delivered`,
      chat.p99Ms < CHAT_P99_MS && chat.received === chat.sent,
    ),
    loggedIn('flood-key-logins', 'a known device logs in by key', byKey, flood),
    loggedIn('flood-password-logins', 'a known device logs in by password', byPassword, flood),
    loggedIn('flood-shared-source', 'a known device logs in by key from an address of the flood', fromShared, flood),
    row(
      'flood-guesses',
      `most guesses looked at for one account of ${ACCOUNTS}; ${flood.evaluated} in all`,
      flood.evaluatedMax,
      '',
      `<= ${most}: the share of 120 a day`,
      flood.evaluatedMax <= most && flood.evaluatedMax > 0,
    ),
    row('flood-rss', 'growth of the server at its most', grownMb, 'MB', `< ${GROWTH_MB}`, grownMb < GROWTH_MB),
  ];
}

/** Each of them, and before the flood ended. */
function loggedIn(id: string, what: string, logins: LoginFigures, flood: FloodFigures): Row {
  const { count, accepted, maxMs, seconds } = logins;
  const met = accepted === count && seconds < flood.seconds;
  return row(id, `${what}; longest ${maxMs.toFixed(0)} ms`, accepted, `of ${count}`, `${count}, during the flood`, met);
}
