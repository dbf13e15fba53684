import type { Endpoint, UdpHandlers, UdpSocket } from '@magpie/common/net.ts';
import { describe, expect, it } from 'vitest';
import { SystemUdpFactory } from './udp-sockets.ts';

describe('udp sockets', () => {
  it('carries datagrams over IPv4 and names their source', async () => {
    await using pair = await openPair('127.0.0.1');

    pair.a.send(Uint8Array.of(1, 2, 3), pair.toB);
    const { bytes, from } = await pair.received;

    expect([...bytes]).toEqual([1, 2, 3]);
    expect(from).toEqual({ address: '127.0.0.1', port: pair.a.local.port });
  });

  it('opens an IPv6 socket on the port of an IPv4 one, so that each family has its own', async () => {
    const factory = new SystemUdpFactory();
    const four = await factory.open(4, 0, silent);
    try {
      const six = await factory.open(6, four.local.port, silent).catch((cause: NodeJS.ErrnoException) => cause.code);
      if (typeof six === 'object') {
        expect(six.local.port).toBe(four.local.port);
        six.close();
      } else expect(six).toBe('EAFNOSUPPORT');
    } finally {
      four.close();
    }
  });

  it('rejects with the system code when the port is taken', async () => {
    const factory = new SystemUdpFactory();
    const first = await factory.open(4, 0, silent);
    try {
      await expect(factory.open(4, first.local.port, silent)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    } finally {
      first.close();
    }
  });

  it('reports what cannot be sent and goes on; sending and closing after the close are harmless', async () => {
    const errors: string[] = [];
    const socket = await new SystemUdpFactory().open(4, 0, { onDatagram() {}, onError: (code) => errors.push(code) });

    socket.send(new Uint8Array(70_000), { address: '127.0.0.1', port: 9_999 });
    socket.send(Uint8Array.of(1), { address: '127.0.0.1', port: 70_000 });
    socket.send(Uint8Array.of(1), { address: '::1', port: 9_999 });
    await expect.poll(() => errors.length).toBeGreaterThanOrEqual(2);
    expect(errors).toContain('EMSGSIZE');

    socket.close();
    socket.close();
    socket.send(Uint8Array.of(1), { address: '127.0.0.1', port: 9_999 });
  });
});

const silent: UdpHandlers = { onDatagram() {} };

interface Pair extends AsyncDisposable {
  readonly a: UdpSocket;
  readonly toB: Endpoint;
  readonly received: Promise<{ readonly bytes: Uint8Array; readonly from: Endpoint }>;
}

async function openPair(address: string): Promise<Pair> {
  const factory = new SystemUdpFactory();
  const { promise, resolve } = Promise.withResolvers<{ bytes: Uint8Array; from: Endpoint }>();
  const a = await factory.open(4, 0, silent);
  const b = await factory.open(4, 0, { onDatagram: (bytes, from) => resolve({ bytes, from }) });
  return {
    a,
    toB: { address, port: b.local.port },
    received: promise,
    async [Symbol.asyncDispose]() {
      a.close();
      b.close();
    },
  };
}
