// The four verbs with real processes and real sockets: registers, befriends, sees presence, chats directly (also while
// the server is stopped), loses UDP, goes on by the relay, switches under way, goes offline and comes back; in the end
// one writes and the other reads without ever being there together.
import { parseArgs } from 'node:util';
import {
  allMessages,
  befriend,
  command,
  compare,
  contactOf,
  type Delivery,
  median,
  pathTo,
  Receiver,
  register,
  Sender,
} from '../test/e2e/friends.ts';
import { waitingSlots } from '../test/e2e/server-database.ts';
import { eventually, pause, type RpcConnection, Stage } from '../test/e2e/stage.ts';
import { printReport, type Row, row } from './report.ts';

const MESSAGES = 100;
const SWITCH_MESSAGES = 200;
const SWITCH_GAP_MS = 15;
const OFFLINE_SEEN_MS_MAX = 2_000;
const AWAY_MESSAGES = 5;

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const startedMs = performance.now();
const stage = new Stage();
const rows: Row[] = [];
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => void stage.close().then(() => process.exit(name === 'SIGINT' ? 130 : 143)));
}

try {
  await runDemo();
} catch (error) {
  say(`stopped: ${error instanceof Error ? error.message : String(error)}`);
  rows.push(row('finished', 'the demo ran to its end', 'no', '', 'yes', false));
} finally {
  await stage.close();
}
process.exitCode = printReport('demo', startedMs, rows, values.json) ? 0 : 1;

async function runDemo(): Promise<void> {
  const server = await stage.startServer();
  say(`magpie-server is running: ${server.address}`);
  await Promise.all([stage.startDaemon('alice'), stage.startDaemon('bob')]);
  await registerBoth(server.address);
  await befriend(stage, 'alice', 'bob');
  say('alice asked bob, bob accepted: they are friends');

  const alice = await stage.connect('alice');
  const bob = await stage.connect('bob');
  await seeOnline(alice, bob);
  const sender = await Sender.over(alice);
  await chatDirectly(sender, alice, server.pid);
  await chatByRelay(sender, alice, bob);
  const receiver = await Receiver.over(bob);
  await switchUnderWay(sender, alice, bob, receiver);
  const back = await goOfflineAndReturn(sender, alice, receiver);
  await writeWhileAway(alice, back.cursor);
}

async function registerBoth(address: string): Promise<void> {
  const numbers = [await register(stage, 'alice', address), await register(stage, 'bob', address)];
  say(`alice is number ${numbers[0]}, bob is number ${numbers[1]}`);
  await command(stage, 'alice', ['account', 'logout', '--json']);
  const wrong = await logIn('wrong-password', address);
  const error = wrong.json?.error as { readonly code?: string; readonly refusal?: string } | undefined;
  const refusal = error?.refusal ?? error?.code ?? 'none';
  say(`alice logs in with a wrong password: exit ${wrong.code}, ${refusal}`);
  const right = await logIn('password', address);
  say(`alice logs in with her password: exit ${right.code}`);
  const signedIn = await Promise.all(
    ['alice', 'bob'].map(async (profile) => (await command(stage, profile, ['account', 'whoami', '--json'])).account),
  );
  const count = signedIn.filter((account) => (account as { signedIn?: boolean }).signedIn === true).length;
  rows.push(row('registered', 'accounts registered and logged in', count, 'accounts', '2', count === 2));
  const refused = wrong.code !== 0 && /wrong.credentials/i.test(refusal);
  rows.push(row('wrong-password-refused', 'answer to a wrong password', refusal, '', 'wrong-credentials', refused));
}

function logIn(passwordFile: string, address: string) {
  const words = [
    'account',
    'login',
    'alice',
    '--server',
    address,
    '--password-file',
    stage.path(passwordFile),
    '--json',
  ];
  return stage.magpie('alice', words);
}

async function seeOnline(alice: RpcConnection, bob: RpcConnection): Promise<void> {
  const online = async (connection: RpcConnection, name: string) =>
    (await contactOf(connection, name))?.presence === 'online';
  await Promise.all([
    eventually('alice sees bob online', () => online(alice, 'bob')),
    eventually('bob sees alice online', () => online(bob, 'alice')),
  ]);
  const seen = [await online(alice, 'bob'), await online(bob, 'alice')].filter(Boolean).length;
  say('each sees the other online');
  rows.push(row('online-seen', 'friends who see the other online', seen, 'friends', '2', seen === 2));
}

/** The second half while the server is stopped: what arrives then cannot have come through it. */
async function chatDirectly(sender: Sender, alice: RpcConnection, serverPid: number): Promise<void> {
  await sender.send('bob', 'hello bob');
  const tookMs = await eventually('a direct path', async () => (await pathTo(alice, 'bob'))?.state === 'direct');
  say(`the path became direct after ${Math.round(tookMs)} ms`);
  const first = await sendMany(sender, 'direct', 0, MESSAGES / 2);
  process.kill(serverPid, 'SIGSTOP');
  say('the server is stopped (SIGSTOP)');
  const second = await sendMany(sender, 'direct', MESSAGES / 2, MESSAGES);
  process.kill(serverPid, 'SIGCONT');
  const all = [...first, ...second];
  const direct = all.filter((delivery) => delivery.road === 'direct').length;
  const p50Ms = median(all.map((delivery) => delivery.roundTripMs));
  say(
    `${direct} of ${MESSAGES} delivered directly, ${second.length} of them without the server; p50 ${p50Ms.toFixed(1)} ms`,
  );
  const met = direct === MESSAGES && second.length === MESSAGES / 2;
  rows.push(
    row(
      'direct-delivered',
      'delivered directly, half of them with the server stopped',
      direct,
      'messages',
      `${MESSAGES}`,
      met,
    ),
  );
  rows.push(
    row('direct-p50', 'send to receipt, two commits included', p50Ms, 'ms', 'measured', Number.isFinite(p50Ms)),
  );
}

async function chatByRelay(sender: Sender, alice: RpcConnection, bob: RpcConnection): Promise<void> {
  await dropUdp(true, alice, bob);
  await eventually('the path is the relay', async () => (await pathTo(alice, 'bob'))?.path?.kind === 'relay');
  say('UDP is dropped at both; the path is the relay');
  const before = await passedDatagrams(alice, bob);
  const delivered = await sendMany(sender, 'relay', 0, MESSAGES);
  const passed = (await passedDatagrams(alice, bob)) - before;
  const relayed = delivered.filter((delivery) => delivery.road === 'relay').length;
  const p50Ms = median(delivered.map((delivery) => delivery.roundTripMs));
  say(
    `${relayed} of ${MESSAGES} delivered by the relay; p50 ${p50Ms.toFixed(1)} ms; datagrams past the hook: ${passed}`,
  );
  const met = relayed === MESSAGES && passed === 0;
  rows.push(
    row(
      'relay-delivered',
      `delivered by the relay; datagrams past the drop hook: ${passed}`,
      relayed,
      'messages',
      `${MESSAGES}, 0 datagrams`,
      met,
    ),
  );
  rows.push(row('relay-p50', 'send to receipt, two commits included', p50Ms, 'ms', 'measured', Number.isFinite(p50Ms)));
}

async function switchUnderWay(
  sender: Sender,
  alice: RpcConnection,
  bob: RpcConnection,
  receiver: Receiver,
): Promise<void> {
  await dropUdp(false, alice, bob);
  await eventually('a direct path again', async () => (await pathTo(alice, 'bob'))?.state === 'direct', 30_000);
  const texts = Array.from({ length: SWITCH_MESSAGES }, (_, i) => `switch ${i}`);
  const pending: Promise<Delivery | undefined>[] = [];
  for (const [i, text] of texts.entries()) {
    if (i === SWITCH_MESSAGES * 0.25) await dropUdp(true, alice, bob);
    if (i === SWITCH_MESSAGES * 0.65) await dropUdp(false, alice, bob);
    pending.push(sender.send('bob', text));
    await pause(SWITCH_GAP_MS);
  }
  const deliveries = await Promise.all(pending);
  await receiver.sees(texts);
  const { lost, doubled, outOfOrder } = compare(texts, await allMessages(bob, 'alice'), receiver.arrived);
  const direct = deliveries.filter((delivery) => delivery?.road === 'direct').length;
  const relay = deliveries.filter((delivery) => delivery?.road === 'relay').length;
  say(`${SWITCH_MESSAGES} sent while UDP dies and comes back (direct ${direct}, relay ${relay})`);
  const unknown = deliveries.filter((delivery) => !delivery).length;
  const value = `${lost + unknown}/${doubled}/${outOfOrder}`;
  const met = lost + unknown + doubled + outOfOrder === 0 && direct > 0 && relay > 0;
  const what = `lost/doubled/out of order of ${SWITCH_MESSAGES}; direct ${direct}, relay ${relay}`;
  rows.push(row('switch', what, value, 'messages', '0/0/0, both roads', met));
}

async function goOfflineAndReturn(sender: Sender, alice: RpcConnection, before: Receiver): Promise<Receiver> {
  const stopping = stage.magpie('bob', ['daemon', 'stop', '--json']);
  const tookMs = await eventually(
    'alice sees bob offline',
    async () => (await contactOf(alice, 'bob'))?.presence === 'offline',
  );
  await stopping;
  say(`bob stops his daemon; alice sees him offline after ${Math.round(tookMs)} ms`);
  rows.push(
    row(
      'offline-seen',
      'from the command to stop to the shown status',
      tookMs,
      'ms',
      `at most ${OFFLINE_SEEN_MS_MAX}`,
      tookMs <= OFFLINE_SEEN_MS_MAX,
    ),
  );

  const texts = Array.from({ length: AWAY_MESSAGES }, (_, i) => `while you were away ${i}`);
  const pending = texts.map((text) => sender.send('bob', text, 30_000));
  await pause(500);
  await stage.startDaemon('bob');
  await Promise.all(pending);
  const bob = await stage.connect('bob');
  const receiver = await Receiver.over(bob, before.cursor);
  await receiver.sees(texts);
  const { lost, doubled, outOfOrder } = compare(texts, await allMessages(bob, 'alice'), receiver.arrived);
  const arrived = AWAY_MESSAGES - lost;
  say(`bob is back and has ${arrived} of the ${AWAY_MESSAGES} messages sent meanwhile`);
  const met = arrived === AWAY_MESSAGES && doubled + outOfOrder === 0;
  rows.push(
    row('delivered-after-return', 'sent while the friend was away', arrived, 'messages', `${AWAY_MESSAGES}`, met),
  );
  return receiver;
}

/** From here on one of the two daemons runs at a time: what gets through waited in a mailbox, receipts included. */
async function writeWhileAway(alice: RpcConnection, bobCursor: string): Promise<void> {
  const { device } = await alice.call('account.whoami', {});
  await stopDaemon('bob');
  const texts = Array.from({ length: AWAY_MESSAGES }, (_, i) => `by mailbox ${i}`);
  for (const text of texts) await alice.call('message.send', { to: 'bob', text });
  await eventually('the mailbox has them', () => shows(alice, 'bob', texts, 'stored'));
  await stopDaemon('alice');
  say(`bob is away: ${AWAY_MESSAGES} messages to him are in his mailbox; now alice is away too`);

  await stage.startDaemon('bob');
  const bob = await stage.connect('bob');
  const receiver = await Receiver.over(bob, bobCursor);
  await receiver.sees(texts);
  const { doubled, outOfOrder } = compare(texts, await allMessages(bob, 'alice'), receiver.arrived);
  const byMailbox = receiver.arrived.filter(
    ({ text, path }) => texts.includes(text) && path?.kind === 'mailbox',
  ).length;
  await eventually('the receipt is in the mailbox', async () => waitingSlots(stage.path('server'), device) > 0);
  await stopDaemon('bob');
  say(`bob came back and got ${byMailbox} by mailbox; he is away again`);

  await stage.startDaemon('alice');
  const again = await stage.connect('alice');
  const isKnown = () => shows(again, 'bob', texts, 'delivered');
  await eventually('alice knows', isKnown).catch(() => {});
  const delivered = await countOf(again, 'bob', texts, 'delivered');
  say(`alice came back and sees ${delivered} of ${AWAY_MESSAGES} delivered`);
  const met = byMailbox === AWAY_MESSAGES && delivered === AWAY_MESSAGES && doubled + outOfOrder === 0;
  const what = `shown as delivered, both daemons never online together; ${byMailbox} by mailbox`;
  rows.push(row('mail-while-away', what, delivered, 'messages', `${AWAY_MESSAGES}, all by mailbox`, met));
}

async function stopDaemon(profile: string): Promise<void> {
  const outcome = await stage.magpie(profile, ['daemon', 'stop', '--json']);
  if (outcome.code !== 0) throw new Error(`${profile} does not stop: ${outcome.stdout}${outcome.stderr}`);
}

async function shows(who: RpcConnection, chat: string, texts: readonly string[], state: string): Promise<boolean> {
  return (await countOf(who, chat, texts, state)) === texts.length;
}

async function countOf(who: RpcConnection, chat: string, texts: readonly string[], state: string): Promise<number> {
  const { items } = await who.call('message.list', { chat, limit: 100 });
  return items.filter((message) => message.state === state && texts.includes(message.text)).length;
}

async function sendMany(sender: Sender, word: string, from: number, to: number): Promise<readonly Delivery[]> {
  const deliveries: Delivery[] = [];
  for (let i = from; i < to; i++) {
    const delivery = await sender.send('bob', `${word} ${i}`);
    if (delivery) deliveries.push(delivery);
  }
  return deliveries;
}

async function dropUdp(drop: boolean, ...connections: readonly RpcConnection[]): Promise<void> {
  await Promise.all(connections.map((connection) => connection.call('debug.dropUdp', { drop })));
}

/** Datagrams that went past the hook, both ways and at both peers. */
async function passedDatagrams(...connections: readonly RpcConnection[]): Promise<number> {
  const all = await Promise.all(connections.map((connection) => connection.call('net.status', {})));
  return all.reduce((sum, { udp }) => sum + udp.datagramsSent + udp.datagramsReceived, 0);
}

function say(sentence: string): void {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(5);
  (values.json ? process.stderr : process.stdout).write(`${seconds} s  ${sentence}\n`);
}
