// What a relay in Node costs at least: bytes from one socket to another, without a protocol, a key or a check.
import { createServer, type Socket } from 'node:net';
import { serveBench } from './bench-process.ts';

serveBench({
  /** Every two connections that follow each other are a pair. @returns the port */
  listen: () =>
    new Promise<number>((resolve) => {
      let single: Socket | undefined;
      const server = createServer({ noDelay: true }, (socket) => {
        socket.on('error', () => {});
        const other = single;
        single = other ? undefined : socket;
        if (!other) return;
        socket.on('data', (bytes: Buffer) => other.write(bytes));
        other.on('data', (bytes: Buffer) => socket.write(bytes));
      });
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    }),
});
