import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { newExchangeKeyPair } from '@magpie/common/channel/keys.ts';
import { SecureLink } from '@magpie/common/channel/secure-link.ts';
import { afterEach, describe, expect, it } from 'vitest';
import type { Told } from './memory-test-server.ts';
import { systemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';

const CONNECTIONS = 150;
const GROWTH_BYTES_MAX = 50_000_000;

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

describe('memory of the server (SV12)', () => {
  it.each([
    ['64 KiB of one-byte frames', (link: SecureLink) => skippedFrames(link, 32_000)],
    ['64 KiB of records with nothing but a rekey frame', (link: SecureLink) => rekeyRecords(link, 3_000)],
  ])('[SV12] grows by less than 50 MB for 150 strangers with %s each', async (_what, fill) => {
    const server = await startServer();
    // What the first connections of a process need once, the rest does not need again.
    await attack(server, 20, fill);
    const before = await server.ask();
    const answered = await attack(server, CONNECTIONS, fill);
    const after = await server.ask();
    expect(after.rssMaxBytes - before.rssMaxBytes).toBeLessThan(GROWTH_BYTES_MAX);
    // Each of them was heard and told why it had to go.
    expect(answered).toBe(CONNECTIONS);
  });
});

interface ServerProcess {
  readonly port: number;
  readonly serverKey: Uint8Array;
  ask(): Promise<Extract<Told, { rssMaxBytes: number }>>;
}

async function startServer(): Promise<ServerProcess> {
  const child = fork(new URL('memory-test-server.ts', import.meta.url), { serialization: 'advanced' });
  children.push(child);
  const told = async (): Promise<Told> => (await once(child, 'message'))[0] as Told;
  const started = await told();
  if (!('port' in started)) throw new Error('the server told something else first');
  return {
    ...started,
    ask: async () => {
      child.send('how large');
      const answer = await told();
      if ('port' in answer) throw new Error('the server started twice');
      return answer;
    },
  };
}

/** Strangers at once: each shakes hands and sends what it has. @returns how many heard a close frame */
async function attack(server: ServerProcess, count: number, fill: (link: SecureLink) => Uint8Array): Promise<number> {
  const strangers = await Promise.all(Array.from({ length: count }, () => stranger(server)));
  for (const { socket, link } of strangers) {
    socket.write(fill(link));
  }
  const heard = await Promise.all(strangers.map(({ heardClose }) => heardClose));
  for (const { socket } of strangers) socket.destroy();
  return heard.filter(Boolean).length;
}

interface Stranger {
  readonly socket: Socket;
  readonly link: SecureLink;
  readonly heardClose: Promise<boolean>;
}

async function stranger({ port, serverKey }: ServerProcess): Promise<Stranger> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  const link = SecureLink.initiator({
    staticKey: newExchangeKeyPair(systemRandom),
    random: systemRandom,
    remoteStatic: serverKey,
    features: 0,
    now: systemClock.now(),
  });
  const flush = (): void => void socket.write(output(link));
  let heard = false;
  const heardClose = new Promise<boolean>((resolve) => socket.on('close', () => resolve(heard)));
  const established = new Promise<void>((resolve, reject) => {
    socket.on('close', () => reject(new Error('turned away')));
    socket.on('data', (bytes) => {
      link.handleBytes(bytes, systemClock.now());
      for (let event = link.pollEvent(); event; event = link.pollEvent()) {
        if (event.type === 'established') resolve();
        if (event.type === 'frame') heard = true;
      }
      if (!heard) flush();
    });
  });
  flush();
  await established;
  return { socket, link, heardClose };
}

function skippedFrames(link: SecureLink, count: number): Uint8Array {
  const skipped = Uint8Array.of(0x7f);
  for (let i = 0; i < count; i++) link.sendFrame(skipped, systemClock.now());
  return output(link);
}

function rekeyRecords(link: SecureLink, count: number): Uint8Array {
  const records = Array.from({ length: count }, () => {
    link.handleTimeout(link.pollTimeout()!.at);
    return output(link);
  });
  return Buffer.concat(records);
}

function output(link: SecureLink): Uint8Array {
  const all: Uint8Array[] = [];
  for (let bytes = link.pollOutput(); bytes; bytes = link.pollOutput()) all.push(bytes);
  return Buffer.concat(all);
}
