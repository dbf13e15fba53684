import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { befriend, command, register } from './friends.ts';
import { eventually, pause, type RpcConnection, type ServerProcess, Stage } from './stage.ts';

const canTrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
const ATTACHED_MS = 1_000;
/** Every sync takes so much longer: below the 2 s after which a message goes by the other road too. */
const SYNC_MS = 1_200;

/**
 * Where strace is (`.ci/run` installs it). It holds up every sync that one program asks the system for: a promise that is
 * given only after the sync comes that much later, whatever else the program could say meanwhile.
 */
describe.skipIf(!canTrace)('a promise to keep a message (needs strace)', () => {
  const stage = new Stage();
  let server: ServerProcess;
  let bobDaemon: ChildProcess;
  let alice: RpcConnection;

  beforeAll(async () => {
    server = await stage.startServer();
    await stage.startDaemon('alice');
    bobDaemon = await stage.startDaemon('bob');
    await register(stage, 'alice', server.address);
    await register(stage, 'bob', server.address);
    await befriend(stage, 'alice', 'bob');
    alice = await stage.connect('alice');
    await takes(alice, 'the first one makes a session', 'delivered');
  });

  afterAll(() => stage.close());

  it('is given by the peer only after its write-ahead log is synced', async () => {
    expect(await takes(alice, 'at full speed', 'delivered')).toBeLessThan(SYNC_MS);
    const syncs = await SlowSyncs.of(bobDaemon.pid!, stage.path('peer.trace'));
    const tookMs = await takes(alice, 'while syncs are slow', 'delivered');
    expect(await syncs.end()).toContain('profile.db-wal');
    expect(tookMs).toBeGreaterThanOrEqual(SYNC_MS);
  });

  it('is given by the server only after its write-ahead log is synced', async () => {
    await command(stage, 'bob', ['daemon', 'stop', '--json']);
    expect(await takes(alice, 'for later, at full speed', 'stored')).toBeLessThan(SYNC_MS);
    const syncs = await SlowSyncs.of(server.pid, stage.path('server.trace'));
    const tookMs = await takes(alice, 'for later, while syncs are slow', 'stored');
    expect(await syncs.end()).toContain('server.db-wal');
    expect(tookMs).toBeGreaterThanOrEqual(SYNC_MS);
  });
});

/** @returns ms from the command until the message is shown in that state */
async function takes(from: RpcConnection, text: string, state: string): Promise<number> {
  const startedMs = performance.now();
  const { id } = await from.call('message.send', { to: 'bob', text });
  await eventually(`"${text}" is ${state}`, async () => (await from.call('message.show', { id })).state === state);
  return performance.now() - startedMs;
}

class SlowSyncs {
  readonly #file: string;
  readonly #tracer: ChildProcess;

  private constructor(file: string, tracer: ChildProcess) {
    this.#file = file;
    this.#tracer = tracer;
  }

  static async of(pid: number, file: string): Promise<SlowSyncs> {
    const slow = `inject=fsync,fdatasync:delay_enter=${SYNC_MS * 1_000}`;
    const words = ['-f', '-qq', '-y', '-e', 'trace=fsync,fdatasync', '-e', slow, '-o', file, '-p', String(pid)];
    const syncs = new SlowSyncs(file, spawn('strace', words, { stdio: 'ignore' }));
    await pause(ATTACHED_MS);
    return syncs;
  }

  /** @returns the system calls that were held up, with the files they were for */
  async end(): Promise<string> {
    const ended = new Promise<void>((resolve) => this.#tracer.once('close', () => resolve()));
    this.#tracer.kill('SIGINT');
    await ended;
    return readFileSync(this.#file, 'utf8');
  }
}
