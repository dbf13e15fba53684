import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { befriend, command, contactOf, register } from './friends.ts';
import { eventually, type RpcConnection, type ServerProcess, Stage } from './stage.ts';

/** Long enough to import to outlast a backup on a fast machine. */
const LOAD_ROWS = 1_500;

interface BackupJson {
  readonly backup: { readonly rows: Readonly<Record<string, number>> };
}

describe('a backup of a server', () => {
  const stage = new Stage();
  const file = stage.path('backup.mgp');
  let server: ServerProcess;
  let alice: RpcConnection;
  let bob: RpcConnection;
  /** When the backup was made. */
  let accountsThen = 0;

  beforeAll(async () => {
    writeFileSync(stage.path('server.toml'), '[password_hash]\nmemory_kib = 8\npasses = 1\n');
    server = await stage.startServer('first', ['--config', stage.path('server.toml')]);
    for (const name of ['alice', 'bob']) await register(stage, name, server.address);
    await befriend(stage, 'alice', 'bob');
    alice = await stage.connect('alice');
    bob = await stage.connect('bob');
  });

  afterAll(() => stage.close());

  it('is made while people write to it, and is private and whole', async () => {
    const rows = Array.from({ length: LOAD_ROWS }, (_, index) => `load_${index + 1},,seven quiet magpies\n`);
    writeFileSync(stage.path('load.csv'), rows.join(''));
    const load = stage.magpieServer([
      'user',
      'add',
      '--from-csv',
      stage.path('load.csv'),
      '--data',
      stage.path('first'),
    ]);
    let isLoaded = false;
    void load.then(() => {
      isLoaded = true;
    });
    await eventually('the load is under way', async () => (await countOf('first')) > 10);
    const made = await stage.magpieServer(['backup', file, '--data', stage.path('first'), '--json']);
    expect(isLoaded).toBe(false);
    expect(made).toMatchObject({ code: 0, json: { ok: true, backup: { file, pin: pinOf(server.address) } } });
    const counted = (made.json as unknown as BackupJson).backup.rows;
    expect(counted).toMatchObject({ roster: 2 });
    accountsThen = counted.accounts!;
    expect(accountsThen).toBeGreaterThan(10);
    expect((await load).code).toBe(0);
    expect(accountsThen).toBeLessThan(await countOf('first'));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(stage.path('first')).filter((name) => name.startsWith('snapshot'))).toEqual([]);
    const again = await stage.magpieServer(['backup', file, '--data', stage.path('first'), '--json']);
    expect(again).toMatchObject({ code: 6, json: { error: { code: 'BACKUP_EXISTS' } } });
  });

  it('is not restored under a running server', async () => {
    const words = ['restore', file, '--data', stage.path('first'), '--force', '--json'];
    expect(await stage.magpieServer(words)).toMatchObject({ code: 1, json: { error: { code: 'ALREADY_RUNNING' } } });
  });

  it('brings accounts, friends and key to another folder, where old clients go on without a word', async () => {
    const before = await contactOf(alice, 'bob');
    const stopped = await stage.magpieServer(['stop', '--data', stage.path('first'), '--json']);
    expect(stopped.code).toBe(0);
    const restored = await stage.magpieServer(['restore', file, '--data', stage.path('second'), '--json']);
    expect(restored).toMatchObject({
      code: 0,
      json: { ok: true, restored: { folder: stage.path('second'), movedTo: null, pin: pinOf(server.address) } },
    });
    expect(readFileSync(`${stage.path('second')}/server.key`, 'utf8')).toBe(
      readFileSync(`${stage.path('first')}/server.key`, 'utf8'),
    );

    const listen = server.address.split('#')[0]!;
    const moved = await stage.startServer('second', ['--listen', listen]);
    expect(moved.address).toBe(server.address);
    for (const [name, client] of [
      ['alice', alice],
      ['bob', bob],
    ] as const) {
      await eventually(`${name} is back`, async () => (await client.call('status', {})).server.state === 'connected');
    }
    await eventually('bob is seen', async () => (await contactOf(alice, 'bob'))?.presence !== 'offline');
    const after = await contactOf(alice, 'bob');
    expect(after).toMatchObject({ id: before!.id, name: 'bob', state: before!.state });
    const list = await stage.magpieServer(['user', 'list', '--data', stage.path('second'), '--json']);
    const found = (list.json as unknown as { readonly accounts: readonly { readonly name: string }[] }).accounts;
    expect(found.map(({ name }) => name)).toEqual([
      ...['alice', 'bob'],
      ...Array.from({ length: accountsThen - 2 }, (_, index) => `load_${index + 1}`),
    ]);

    await command(stage, 'alice', ['send', 'bob', 'still here', '--wait', 'delivered', '--json']);
    // A password still opens the account, and the next number follows the last one.
    await register(stage, 'carol', server.address);
    expect(await contactOf(bob, 'alice')).toBeDefined();
    const carol = await stage.magpieServer(['user', 'show', 'carol', '--data', stage.path('second'), '--json']);
    expect(carol.json).toMatchObject({ account: { number: 10_001 + accountsThen } });
  });

  it('replaces a server only when told to, keeps the old files, and is refused when it is damaged', async () => {
    const stopped = await stage.magpieServer(['stop', '--data', stage.path('second')]);
    expect(stopped.code).toBe(0);
    const cold = await stage.magpieServer(['backup', stage.path('cold.mgp'), '--data', stage.path('second'), '--json']);
    expect(cold).toMatchObject({ code: 0, json: { backup: { rows: { accounts: accountsThen + 1 } } } });

    const words = ['restore', file, '--data', stage.path('second'), '--json'];
    expect(await stage.magpieServer(words)).toMatchObject({ code: 6, json: { error: { code: 'BACKUP_HAS_DATA' } } });
    const forced = await stage.magpieServer([...words, '--force']);
    const { movedTo } = forced.json!.restored as { readonly movedTo: string };
    expect(existsSync(`${movedTo}/server.db`) && existsSync(`${movedTo}/server.key`)).toBe(true);

    const garbage = stage.path('password');
    const refused = await stage.magpieServer(['restore', garbage, '--data', stage.path('third'), '--json']);
    expect(refused).toMatchObject({ code: 1, json: { error: { code: 'BACKUP_NOT_A_BACKUP' } } });
  });

  async function countOf(folder: string): Promise<number> {
    const { json } = await stage.magpieServer(['stats', '--data', stage.path(folder), '--json']);
    return (json as unknown as { readonly stored: { readonly accounts: number } }).stored.accounts;
  }
});

function pinOf(address: string): string {
  return address.split('#')[1]!;
}
