import { newExchangeKeyPair } from '@magpie/common/channel/keys.ts';
import { createServer } from '../server.ts';
import { systemRandom } from './system-random.ts';
import { portsOnSockets } from './test-ports.ts';

/** What the process of the memory test says, first where it is and then how large it has been. */
export type Told =
  | { readonly port: number; readonly serverKey: Uint8Array }
  | { readonly rssMaxBytes: number; readonly connections: number };

/** A server in a process of its own, so that what its clients hold is not counted as the server's. */
async function serve(): Promise<void> {
  const staticKey = newExchangeKeyPair(systemRandom);
  const server = createServer(portsOnSockets(staticKey), { listen: [{ address: '127.0.0.1', port: 0 }] });
  const { tcp } = await server.start();
  const tell = (told: Told): unknown => process.send?.(told);
  process.on('message', () => {
    tell({ rssMaxBytes: process.resourceUsage().maxRSS * 1_024, connections: server.stats().connections });
  });
  process.on('disconnect', () => process.exit(0));
  tell({ port: tcp[0]!.port, serverKey: staticKey.publicKey });
}

await serve();
