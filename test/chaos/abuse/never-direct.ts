import { spawn, spawnSync } from 'node:child_process';
import { type Row, row } from '../../../scripts/report.ts';
import { befriend, pathTo, Receiver, register, Sender } from '../../e2e/friends.ts';
import { eventually, pause, type RpcConnection } from '../../e2e/stage.ts';
import type { Arena } from '../arena.ts';

const MESSAGES = 100;
const CONTROL_MESSAGES = 20;
/** Room for checks and keep-alives that would come without any message. */
const QUIET_MS = 6_000;

/** Two friends who could reach each other directly: with one of them it is switched off, per friend and then altogether. */
export async function neverDirect(arena: Arena): Promise<readonly Row[]> {
  const { stage } = arena;
  const server = await arena.startServer();
  const pids: number[] = [];
  for (const name of ['alice', 'bob']) {
    pids.push((await stage.startDaemon(name)).pid!);
    await register(stage, name, server.address);
  }
  await befriend(stage, 'alice', 'bob');
  const [alice, bob] = [await stage.connect('alice'), await stage.connect('bob')];
  const [sender, receiver] = [await Sender.over(await stage.connect('alice')), await Receiver.over(bob)];
  const trace = canTrace();
  arena.say(
    `  datagrams are counted by ${trace ? 'the system calls of both programs' : 'the programs only: no strace'}`,
  );

  // That they do go direct when they may shows that there was something to switch off.
  await sender.send('bob', 'hello');
  await eventually('they go direct', async () => (await pathTo(alice, 'bob'))?.path?.kind === 'direct');
  const direct = trace ? await Promise.all(pids.map((pid) => watchDatagrams(pid))) : [];
  for (let i = 0; i < CONTROL_MESSAGES; i++) await sender.send('bob', `direct ${i}`);
  const seenDirect = await Promise.all(direct.map((watch) => watch()));
  const control = count(seenDirect[0], await portsOf(bob)) + count(seenDirect[1], await portsOf(alice));
  const rows: Row[] = [
    row(
      'never-direct-control',
      `datagrams between the two while they may go direct, by ${CONTROL_MESSAGES} messages: the count sees them`,
      trace ? control : 'not counted',
      '',
      `>= ${CONTROL_MESSAGES}, where strace is`,
      !trace || control >= CONTROL_MESSAGES,
    ),
  ];
  for (const [id, what, on, off] of [
    ['friend', 'for this friend', setFriend(alice, true), setFriend(alice, false)],
    ['all', 'for everybody', setAll(alice, true), setAll(alice, false)],
  ] as const) {
    await on();
    await eventually('they go by relay', async () => (await pathTo(alice, 'bob'))?.path?.kind === 'relay');
    // What was on its way when it was switched off.
    await pause(500);
    const watches = trace ? await Promise.all(pids.map((pid) => watchDatagrams(pid))) : [];
    const before = [await datagramsOf(alice), await datagramsOf(bob)];
    const texts = Array.from({ length: MESSAGES }, (_, i) => `${id} ${i}`);
    let byRelay = 0;
    for (const text of texts) if ((await sender.send('bob', text))?.road === 'relay') byRelay++;
    await receiver.sees(texts);
    await pause(QUIET_MS);
    const [toBob, toAlice] = [await portsOf(bob), await portsOf(alice)];
    const seen = await Promise.all(watches.map((watch) => watch()));
    const counted = [await datagramsOf(alice), await datagramsOf(bob)].map((now, i) => now - before[i]!);
    const fromAlice = count(seen[0], toBob);
    const fromBob = count(seen[1], toAlice);
    arena.say(`  ${what}: ${JSON.stringify({ byRelay, fromAlice, fromBob, sentInAll: counted })}`);
    rows.push(
      row(
        `never-direct-${id}`,
        `datagrams between the two when Alice never goes direct ${what}: ${MESSAGES} messages and ${QUIET_MS / 1000} s of silence; ${byRelay} by relay`,
        // Without a look from outside all that she sent counts, also what goes to the server's reflector.
        trace ? fromAlice : counted[0]!,
        'datagrams to the friend',
        `0, ${MESSAGES} by relay`,
        byRelay === MESSAGES && (trace ? fromAlice === 0 && fromBob === 0 : counted[0] === 0),
      ),
    );
    await off();
    await sender.send('bob', 'again');
    await eventually('they go direct again', async () => (await pathTo(alice, 'bob'))?.path?.kind === 'direct', 60_000);
  }
  return rows;
}

function setFriend(alice: RpcConnection, on: boolean): () => Promise<unknown> {
  return () => alice.call('contact.set', { who: 'bob', neverDirect: on });
}

function setAll(alice: RpcConnection, on: boolean): () => Promise<unknown> {
  return () => alice.call('net.neverDirect', { on });
}

async function datagramsOf(who: RpcConnection): Promise<number> {
  return (await who.call('net.status', {})).udp.datagramsSent;
}

async function portsOf(who: RpcConnection): Promise<readonly number[]> {
  const { udp } = await who.call('net.status', {});
  return [udp.port4, udp.port6].filter((port) => port !== null);
}

function canTrace(): boolean {
  return spawnSync('strace', ['-o', '/dev/null', process.execPath, '-e', '']).status === 0;
}

/**
 * Follows a program's system calls, which it cannot hide.
 * @returns ends that; gives the ports that datagrams went to, one entry each
 */
async function watchDatagrams(pid: number): Promise<() => Promise<readonly number[]>> {
  const words = ['-f', '-qq', '-s', '0', '-e', 'trace=sendto,sendmsg,sendmmsg', '-p', String(pid)];
  const tracer = spawn('strace', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  tracer.stderr.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  await pause(500);
  return async () => {
    const ended = new Promise<void>((resolve) => tracer.once('close', () => resolve()));
    tracer.kill('SIGINT');
    await ended;
    return [...text.matchAll(/sin6?_port=htons\((\d+)\)/g)].map(([, port]) => Number(port));
  };
}

function count(sentTo: readonly number[] | undefined, ports: readonly number[]): number {
  return (sentTo ?? []).filter((port) => ports.includes(port)).length;
}
