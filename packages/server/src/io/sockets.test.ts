import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { signDeviceList } from '@magpie/common/channel/device-list.ts';
import { newExchangeKeyPair, newSigningKeyPair } from '@magpie/common/channel/keys.ts';
import { SecureLink } from '@magpie/common/channel/secure-link.ts';
import { decodeFrame, encodeFrame, type Frame } from '@magpie/common/frames/frame.ts';
import type { RequestId } from '@magpie/common/ids.ts';
import type { TcpStream } from '@magpie/common/net.ts';
import { decodeReflectAnswer, encodeReflectQuestion } from '@magpie/common/packets/reflect.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { createServer, type TcpListening } from '../server.ts';
import { WriteQueue } from '../session/write-queue.ts';
import { systemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';
import { tcpListener } from './tcp-listener.ts';
import { portsOnSockets } from './test-ports.ts';
import { udpSockets } from './udp-reflector.ts';

const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

describe('the TCP listener', () => {
  it('echoes, tells of an empty queue, and ends in order', async () => {
    const told: string[] = [];
    const { client } = await pair({
      onBytes: (stream, bytes) => {
        stream.write(bytes);
        stream.end();
      },
      onDrain: () => told.push('drain'),
      onClose: (error) => told.push(`close ${error}`),
    });
    client.write('hello');
    const [bytes] = (await once(client, 'data')) as [Buffer];
    await once(client, 'close');
    expect(bytes.toString()).toBe('hello');
    await until(() => told.length === 2);
    expect(told).toEqual(['drain', 'close undefined']);
  });

  it('stops and goes on reading', async () => {
    let received = 0;
    let server: TcpStream | undefined;
    const { client } = await pair({
      onBytes: (stream, bytes) => {
        received += bytes.length;
        server = stream;
        stream.pauseReading();
      },
    });
    client.write('first');
    await until(() => received === 5);
    client.write('second');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(received).toBe(5);
    server!.resumeReading();
    await until(() => received === 11);
  });

  it('counts what a reader does not take, and every call is safe after the end', async () => {
    let server: TcpStream | undefined;
    const { client } = await pair({ onOpen: (stream) => (server = stream) });
    client.pause();
    await until(() => server !== undefined);
    for (let i = 0; i < 200; i++) server!.write(new Uint8Array(65_536));
    expect(server!.queuedBytes).toBeGreaterThan(1_000_000);
    server!.destroy();
    server!.write(new Uint8Array(1));
    server!.pauseReading();
    server!.resumeReading();
    server!.end();
    server!.destroy();
  });

  it('[SV9] shows that a reader takes what waits for it, long before it has taken all', async () => {
    let server: TcpStream | undefined;
    let queue: WriteQueue | undefined;
    const { client } = await pair({
      onOpen: (stream) => (server = stream),
      onDrain: () => queue?.handleDrain(systemClock.now()),
    });
    client.pause();
    await until(() => server !== undefined);
    const link = establishedLink();
    queue = new WriteQueue(link, server!, systemClock.now());
    // More than the kernel's buffers of both ends hold.
    const total = 128 * 256 * 1_024;
    for (let i = 0; i < 128; i++) link.sendFrame(new Uint8Array(256 * 1_024).fill(0x7f), systemClock.now());
    queue.flush(systemClock.now());
    const settled = async (): Promise<number> => {
      for (let before = -1; before !== queue!.queuedBytes; await new Promise((resolve) => setTimeout(resolve, 50))) {
        before = queue!.queuedBytes;
      }
      return queue!.queuedBytes;
    };
    const waiting = await settled();
    expect(waiting).toBeGreaterThan(total / 4);
    expect(server!.queuedBytes).toBeLessThanOrEqual(64 * 1_024);
    let read = 0;
    client.on('data', (bytes) => {
      read += bytes.length;
      if (read > total - waiting / 2) client.pause();
    });
    client.resume();
    await until(() => client.isPaused());
    const left = await settled();
    expect(left).toBeGreaterThan(0);
    expect(waiting - left).toBeGreaterThan(waiting / 8);
    server!.destroy();
  });

  it('rejects with the code of the system when the port is taken', async () => {
    const { listening } = await pair({});
    await expect(tcpListener.listen(listening.local, () => ({ onBytes() {}, onClose() {} }))).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });
});

describe('the UDP sockets', () => {
  it('answer from the port that was asked', async () => {
    const socket = await udpSockets.open(4, 0, {
      onDatagram: (bytes, from) => socket.send(bytes, from),
    });
    open.push(socket);
    const client = createSocket('udp4');
    client.send('ping', socket.local.port, '127.0.0.1');
    const [bytes, from] = (await once(client, 'message')) as [Buffer, { port: number }];
    client.close();
    expect([bytes.toString(), from.port]).toEqual(['ping', socket.local.port]);
    await expect(udpSockets.open(4, socket.local.port, { onDatagram() {} })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  it('are bound to one address of the machine when that is asked for', async () => {
    const one = await udpSockets.open(4, 0, { onDatagram() {} }, '127.0.0.1');
    open.push(one);
    expect(one.local.address).toBe('127.0.0.1');
    open.push(await udpSockets.open(4, one.local.port, { onDatagram() {} }, '127.0.0.2'));
  });

  it('drop what cannot be sent, whichever endpoint it was for', async () => {
    const socket = await udpSockets.open(4, 0, { onDatagram() {} });
    open.push(socket);
    for (const port of [0, 65_536]) socket.send(new Uint8Array(1), { address: '127.0.0.1', port });
    socket.send(new Uint8Array(70_000), socket.local);
    socket.close();
    socket.send(new Uint8Array(1), socket.local);
  });
});

describe('the whole server on real sockets', () => {
  it('binds free ports, lets a client register, answers its reflector question, and stops', async () => {
    const staticKey = newExchangeKeyPair(systemRandom);
    const server = createServer(portsOnSockets(staticKey), { listen: [{ address: '::', port: 0 }] });
    open.push({ close: () => server.stop() });
    const { tcp, udpPorts } = await server.start();
    expect(new Set(udpPorts).size).toBe(2);
    const client = connect(tcp[0]!.port, '127.0.0.1');
    client.on('error', () => {});
    const exchange = newExchangeKeyPair(systemRandom);
    const signing = newSigningKeyPair(systemRandom);
    const link = SecureLink.initiator({
      staticKey: exchange,
      random: systemRandom,
      remoteStatic: staticKey.publicKey,
      features: 0,
      now: systemClock.now(),
    });
    const deviceList = signDeviceList(
      {
        accountKey: signing.publicKey,
        version: 1,
        devices: [{ exchangeKey: exchange.publicKey, signKey: signing.publicKey }],
        previousHash: new Uint8Array(32),
      },
      signing.secretKey,
    );
    const recovery = { recoveryKey: new Uint8Array(32), sealedSeed: new Uint8Array(0), invite: '' };
    const keys = { signKey: signing.publicKey, accountKey: signing.publicKey, deviceList, label: 'pc', ...recovery };
    const who = { name: 'alice', displayName: 'Alice', password: 'correct magpie 7' };
    link.sendFrame(encodeFrame({ type: 'register', requestId: 1 as RequestId, ...who, ...keys }), systemClock.now());
    const frames: Frame[] = [];
    const drain = (): void => {
      for (let bytes = link.pollOutput(); bytes; bytes = link.pollOutput()) client.write(bytes);
      for (let event = link.pollEvent(); event; event = link.pollEvent()) {
        if (event.type !== 'frame') continue;
        for (const state of ['anonymous', 'authenticated'] as const) {
          const frame = decodeFrame(event.bytes, 'server', state);
          if (frame.ok && frame.value) frames.push(frame.value);
        }
      }
    };
    client.on('data', (bytes) => {
      link.handleBytes(bytes, systemClock.now());
      drain();
    });
    drain();
    await until(() => frames.some((frame) => frame.type === 'welcome'));
    const welcome = frames.find((frame) => frame.type === 'welcome')!;
    expect(welcome).toMatchObject({ account: 10_001, observed: { address: '127.0.0.1' }, udpPorts });
    const udp = createSocket('udp4');
    const txid = new Uint8Array(8).fill(3);
    udp.send(encodeReflectQuestion({ token: welcome.reflectToken, txid }), udpPorts[1]!, '127.0.0.1');
    const [answer] = (await once(udp, 'message')) as [Buffer];
    expect(decodeReflectAnswer(Uint8Array.from(answer))).toEqual({
      txid,
      observed: { address: '127.0.0.1', port: udp.address().port },
    });
    udp.close();
    await server.stop();
    await until(() => frames.some((frame) => frame.type === 'close' && frame.code === 'shutting-down'));
  });
});

describe('the system clock', () => {
  it('fires once the time has come, and not when cancelled', async () => {
    const start = systemClock.now();
    systemClock.setTimer((start + 5) as never, () => expect.fail('cancelled')).cancel();
    await new Promise<void>((resolve) => void systemClock.setTimer((start + 20) as never, resolve));
    expect(systemClock.now() - start).toBeGreaterThanOrEqual(20);
  });
});

/** A server's end of a link whose client is not heard of again. */
function establishedLink(): SecureLink {
  const staticKey = newExchangeKeyPair(systemRandom);
  const common = { random: systemRandom, features: 0, now: systemClock.now() };
  const server = SecureLink.responder({ ...common, staticKey });
  const client = SecureLink.initiator({
    ...common,
    staticKey: newExchangeKeyPair(systemRandom),
    remoteStatic: staticKey.publicKey,
  });
  for (let round = 0; round < 2; round++) {
    for (let bytes = client.pollOutput(); bytes; bytes = client.pollOutput()) server.handleBytes(bytes, common.now);
    for (let bytes = server.pollOutput(); bytes; bytes = server.pollOutput()) client.handleBytes(bytes, common.now);
  }
  return server;
}

interface Told {
  onOpen?(stream: TcpStream): void;
  onBytes?(stream: TcpStream, bytes: Uint8Array): void;
  onDrain?(): void;
  onClose?(error?: string): void;
}

async function pair(told: Told): Promise<{ listening: TcpListening; client: Socket }> {
  const listening = await tcpListener.listen({ address: '127.0.0.1', port: 0 }, (stream) => {
    told.onOpen?.(stream);
    return {
      onBytes: (bytes) => told.onBytes?.(stream, bytes),
      onDrain: () => told.onDrain?.(),
      onClose: (error) => told.onClose?.(error),
    };
  });
  const client = connect(listening.local.port, '127.0.0.1');
  client.on('error', () => {});
  open.push(listening, { close: () => client.destroy() });
  await once(client, 'connect');
  return { listening, client };
}

async function until(done: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !done(); i++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(done()).toBe(true);
}
