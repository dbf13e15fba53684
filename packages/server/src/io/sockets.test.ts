import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TcpStream } from '@magpie/common/net.ts';
import { afterEach, describe, expect, it } from 'vitest';
import type { TcpListening } from '../server.ts';
import { systemClock } from './system-clock.ts';
import { tcpListener } from './tcp-listener.ts';
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
    await until(() => client.destroyed || client.resume().readableEnded || true);
    server!.write(new Uint8Array(1));
    server!.pauseReading();
    server!.resumeReading();
    server!.end();
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
});

describe('the system clock', () => {
  it('fires once the time has come, and not when cancelled', async () => {
    const start = systemClock.now();
    systemClock.setTimer((start + 5) as never, () => expect.fail('cancelled')).cancel();
    await new Promise<void>((resolve) => void systemClock.setTimer((start + 20) as never, resolve));
    expect(systemClock.now() - start).toBeGreaterThanOrEqual(20);
  });
});

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
