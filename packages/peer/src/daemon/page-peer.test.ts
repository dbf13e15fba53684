import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { endianness } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type ConnectionEnds, ownerIn, ownerOfPeer } from './page-peer.ts';

const ALICE = 1_000;
const ENDS = { remoteAddress: '127.0.0.1', remotePort: 0x9bb3, localAddress: '127.0.0.1', localPort: 8_484 };
const MAPPED = '0000000000000000FFFF0000';
const NOBODY = 65_534;
const MAY_BE_ANOTHER = process.platform === 'linux' && process.getuid?.() === 0;

describe.skipIf(endianness() !== 'LE')('the owner of the other end of a connection', () => {
  it.each([
    ['our own user', table('0100007F:9BB3 0100007F:2124 01', ALICE), 'ourselves'],
    ['root', table('0100007F:9BB3 0100007F:2124 01', 0), 'ourselves'],
    ['another user', table('0100007F:9BB3 0100007F:2124 01', 1_001), 'somebody-else'],
    ['nobody any more', table('0100007F:9BB3 0100007F:2124 04', 0), 'somebody-else'],
    [
      'another user, by a socket of IPv6',
      table(`${MAPPED}0100007F:9BB3 ${MAPPED}0100007F:2124 01`, 1_001),
      'somebody-else',
    ],
    ['another connection only', table('0100007F:9BB4 0100007F:2124 01', 1_001), 'unknown'],
    ['another address of the machine only', table('0200007F:9BB3 0100007F:2124 01', 1_001), 'unknown'],
    ['the end of our own', table('0100007F:2124 0100007F:9BB3 01', 1_001), 'unknown'],
    ['a system that tells nothing', '', 'unknown'],
    ['a line that breaks off', table('0100007F:9BB3 0100007F:2124 01', 1).slice(0, -30), 'somebody-else'],
  ])('is found in the tables of the system: %s', (_who, text, owner) => {
    expect(ownerIn(['', text], ENDS, ALICE)).toBe(owner);
  });

  it.each<[string, ConnectionEnds]>([
    ['that is closed', {}],
    ['of IPv6', { ...ENDS, remoteAddress: '::1' }],
  ])('is not known for a connection %s', (_what, ends) => {
    expect(ownerIn([table('0100007F:9BB3 0100007F:2124 01', 1_001)], ends, ALICE)).toBe('unknown');
  });
});

describe.skipIf(process.platform !== 'linux')('the owner of a real connection', () => {
  it('is ourselves when we connect', async () => {
    const { server, port } = await listening();
    const client = connect(port, '127.0.0.1');
    expect(await ownerOfFirst(server)).toBe('ourselves');
    client.destroy();
    server.close();
  });

  it.skipIf(!MAY_BE_ANOTHER).each(['127.0.0.1', '::ffff:127.0.0.1'])(
    'is somebody else when another user connects to %s',
    async (address) => {
      const { server, port } = await listening();
      const other = asAnotherUser(`require('net').connect(${port}, '${address}')`);
      expect(await ownerOfFirst(server)).toBe('somebody-else');
      other.kill();
      server.close();
    },
  );
});

function table(ends: string, user: number): string {
  return [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1675 1 0 100 0 0 10 0',
    `   1: ${ends} 00000000:00000000 00:00000000 00000000 ${String(user).padStart(5)}        0 3614877 1 0 20 4 19 17 -1`,
    '',
  ].join('\n');
}

async function listening(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { server, port: typeof address === 'object' && address ? address.port : 0 };
}

async function ownerOfFirst(server: Server): Promise<string> {
  const [socket] = (await once(server, 'connection')) as [Socket];
  const owner = await ownerOfPeer(socket);
  socket.on('error', () => {}).destroy();
  return owner;
}

function asAnotherUser(script: string): ChildProcess {
  return spawn(process.execPath, ['-e', script], { uid: NOBODY, gid: NOBODY, cwd: '/', stdio: 'ignore' });
}
