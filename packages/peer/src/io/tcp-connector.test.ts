import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TcpStream } from '@magpie/common/net.ts';
import { describe, expect, it } from 'vitest';
import { SystemTcpConnector } from './tcp-connector.ts';

describe('tcp connector', () => {
  it('opens, carries bytes both ways and tells an orderly end without an error', async () => {
    await using server = await startEcho();
    const client = connect(server.port);

    client.stream.write(Uint8Array.of(1, 2, 3));
    await expect.poll(() => client.seen.bytes).toEqual([1, 2, 3]);
    expect(client.stream.remote).toEqual({ address: '127.0.0.1', port: server.port });
    client.stream.end();

    await expect.poll(() => client.seen.closes).toEqual([undefined]);
    expect(client.seen.opened).toBe(1);
  });

  it('tells a refused connection by its system code, once and never inside the call', async () => {
    const free = await startEcho();
    const { port } = free;
    await free[Symbol.asyncDispose]();

    const client = connect(port);
    expect(client.seen.closes).toEqual([]);

    await expect.poll(() => client.seen.closes).toEqual(['ECONNREFUSED']);
    expect(client.seen.opened).toBe(0);
  });

  it('tells a bad port as a close, not as an exception', async () => {
    const client = connect(70_000);
    await expect.poll(() => client.seen.closes).toHaveLength(1);
  });

  it('counts what the system has not taken, and tells when it has', async () => {
    await using server = await startEcho({ reads: false });
    const client = connect(server.port);
    await expect.poll(() => client.seen.opened).toBe(1);

    const chunk = new Uint8Array(1024 * 1024);
    for (let i = 0; i < 16; i++) client.stream.write(chunk);
    expect(client.stream.queuedBytes).toBeGreaterThan(0);
    server.read();

    await expect.poll(() => client.stream.queuedBytes).toBe(0);
    expect(client.seen.drained).toBeGreaterThan(0);
    client.stream.destroy();
  });

  it('is safe to use after the close', async () => {
    await using server = await startEcho();
    const client = connect(server.port);
    client.stream.destroy();
    await expect.poll(() => client.seen.closes).toHaveLength(1);

    client.stream.write(Uint8Array.of(1));
    client.stream.pauseReading();
    client.stream.resumeReading();
    client.stream.end();
    client.stream.destroy();
    expect(client.stream.queuedBytes).toBe(0);
    expect(client.seen.closes).toHaveLength(1);
  });
});

interface Seen {
  opened: number;
  drained: number;
  bytes: number[];
  closes: (string | undefined)[];
}

function connect(port: number): { stream: TcpStream; seen: Seen } {
  const seen: Seen = { opened: 0, drained: 0, bytes: [], closes: [] };
  const stream = new SystemTcpConnector().connect(
    { host: '127.0.0.1', port },
    {
      onOpen: () => seen.opened++,
      onBytes: (bytes) => seen.bytes.length < 1_000 && seen.bytes.push(...bytes.subarray(0, 100)),
      onDrain: () => seen.drained++,
      onClose: (error) => seen.closes.push(error),
    },
  );
  return { stream, seen };
}

interface EchoServer extends AsyncDisposable {
  readonly port: number;
  read(): void;
}

async function startEcho(options: { reads?: boolean } = {}): Promise<EchoServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    if (options.reads ?? true) socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    read: () => {
      for (const socket of sockets) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
