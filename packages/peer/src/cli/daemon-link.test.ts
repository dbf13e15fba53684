import { chmod, rename, symlink, unlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
