import { type Row, row } from '../../../scripts/report.ts';
import type { Arena } from '../arena.ts';
import type { ChatFigures } from '../honest-process.ts';
import type { RelayAbuseFigures } from './relay-abuser.ts';

const CHAT_P99_MS = 200;
/** Relayed frames of one connection, by default: so many at once, and again so many each second. */
const FRAMES_PER_SECOND = 4_000;

/** The relay carries what friends send each other, as fast as they may, and nothing else. */
export async function relayAbuse(arena: Arena): Promise<readonly Row[]> {
  const server = await arena.startServer();
  const honest = await arena.startHonest(server);
  const attacker = arena.startAttacker();
  await honest.call('startChat');
  const abuse = await attacker.call<RelayAbuseFigures>('abuseRelay', server.address);
  const chat = await honest.call<ChatFigures>('endChat');
  arena.say(`  ${JSON.stringify(abuse)}; chat: ${JSON.stringify(chat)}`);
  const { sent, received, seconds } = abuse.flood;
  const allowed = FRAMES_PER_SECOND * (seconds + 1);
  return [
    row(
      'relay-unwanted',
      `packets and introductions delivered of ${abuse.tried} to a stranger, a blocker, somebody who removed the sender, and nobody`,
      abuse.unwanted,
      '',
      '0',
      abuse.unwanted === 0,
    ),
    row(
      'relay-oversize',
      `packets over 16 KiB delivered; the sender: ${abuse.oversizeClosed}`,
      abuse.oversizeDelivered,
      '',
      '0, and its connection is closed',
      abuse.oversizeDelivered === 0 && abuse.oversizeClosed !== 'open',
    ),
    row(
      'relay-flood',
      `packets of ${sent} that a friend was flooded with, delivered within ${seconds.toFixed(1)} s`,
      received,
      '',
      `<= ${Math.floor(allowed)}: ${FRAMES_PER_SECOND} and as many a second`,
      received > 0 && received <= allowed,
    ),
    row(
      'relay-chat-p99',
      `chat by relay meanwhile, ${chat.sent} messages`,
      chat.p99Ms,
      'ms',
      `< ${CHAT_P99_MS}, all delivered`,
      chat.p99Ms < CHAT_P99_MS && chat.received === chat.sent,
    ),
  ];
}
