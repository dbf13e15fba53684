import { chmod, mkdir, readdir, rename, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { profilePaths } from '../config.ts';
import { runDaemon } from '../daemon/run-daemon.ts';
import { FakeEngine } from '../daemon/test-fake-engine.ts';
import { tryConnect } from './daemon-link.ts';
import { TestCli } from './test-cli.ts';

let cli: TestCli;
beforeEach(async () => {
  cli = await TestCli.create();
  await cli.startDaemon();
  cli.engine.signedIn();
});
afterEach(() => cli.dispose());

describe.skipIf(process.platform === 'win32')('the way to the daemon', () => {
  it('is not taken through a folder that others may enter', async () => {
    await chmod(cli.folder, 0o755);
    const { exit, json } = await cli.run('status --json');
    await chmod(cli.folder, 0o700);
    expect([exit, json.error?.code]).toEqual([1, 'PROFILE_UNUSABLE']);
    expect(json.error?.message).toContain(`chmod 700 '${cli.folder}'`);
    expect((await cli.run('status --json')).exit).toBe(0);
  });

  it('is not taken through a link', async () => {
    const moved = `${cli.folder}.moved`;
    await rename(cli.folder, moved);
    await symlink(moved, cli.folder);
    const { json } = await cli.run('status --json');
    await unlink(cli.folder);
    await rename(moved, cli.folder);
    expect(json.error?.code).toBe('PROFILE_UNUSABLE');
  });
});

describe.skipIf(process.platform === 'win32')('the daemon of a profile with a long path', () => {
  it('is found by a command whose XDG_RUNTIME_DIR is another', async () => {
    const [here, there] = [join(cli.folder, 'here'), join(cli.folder, 'there')];
    for (const folder of [here, there]) await mkdir(folder, { mode: 0o700 });
    const long = join(cli.folder, 'x'.repeat(90));
    const [served, asked] = [here, there].map((folder) => profilePaths(long, { XDG_RUNTIME_DIR: folder }));
    if (!served?.ok || !asked?.ok) throw new Error('bad path');
    expect(asked.value.socket).not.toBe(served.value.socket);
    const options = { udp: false, logLevel: 'info', testHooks: false } as const;
    const daemon = await runDaemon(served.value, options, async () => new FakeEngine());
    const link = await tryConnect({ paths: asked.value, timeoutMs: undefined });
    link?.close();
    if (daemon.ok) await daemon.value.stop('test');
    expect(link).toBeDefined();
    expect(await tryConnect({ paths: asked.value, timeoutMs: undefined })).toBeUndefined();
    expect(await readdir(long)).toEqual(['daemon.lock', 'daemon.log']);
  });
});
