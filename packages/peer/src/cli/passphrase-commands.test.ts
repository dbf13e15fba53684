import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../store/sqlite-open.ts';
import { TestCli } from './test-cli.ts';

const PASSPHRASE = 'under the pear tree';

let cli: TestCli;
beforeEach(async () => {
  cli = await TestCli.create();
  writeFileSync(join(cli.folder, 'profile.db'), '', { mode: 0o600 });
  openDatabase(join(cli.folder, 'profile.db'), undefined, { encrypted: true }).close();
});
afterEach(() => cli.dispose());

describe('the passphrase of a profile on a terminal (R30)', () => {
  it('is asked for twice when it is new, and not shown', async () => {
    const ran = await cli.run('profile encrypt', { typed: [PASSPHRASE, PASSPHRASE] });
    expect(ran).toMatchObject({ exit: 0, out: expect.stringContaining('is encrypted') });
    expect(ran.err).toContain('nobody can bring it back');
    expect(ran.out + ran.err).not.toContain('pear');
    expect(isEncrypted()).toBe(true);
  });

  it('changes nothing when the two differ or it is short', async () => {
    expect(await cli.run('profile encrypt', { typed: [PASSPHRASE, `${PASSPHRASE}s`] })).toMatchObject({ exit: 2 });
    expect(await cli.run('profile encrypt', { typed: ['pear'] })).toMatchObject({ exit: 2 });
    expect(await cli.run('profile decrypt', { typed: [] })).toMatchObject({
      exit: 1,
      err: expect.stringContaining('has no passphrase'),
    });
    expect(isEncrypted()).toBe(false);
  });

  it('cannot come by standard input together with a password', async () => {
    const both = '--password-file - --passphrase-file - --json';
    const ran = await cli.run(`account login alice --server 127.0.0.1:10000 ${both}`);
    expect(ran).toMatchObject({ exit: 2 });
    expect(ran.out + ran.err).toContain('standard input');
  });

  it('is asked for before a daemon starts, and only where the profile has one', async () => {
    expect(await cli.run('daemon start', { typed: [] })).toMatchObject({ exit: 0 });
    await cli.stopDaemon();
    await cli.run('profile encrypt', { typed: [PASSPHRASE, PASSPHRASE] });
    expect(await cli.run('daemon start --no-input', { typed: [] })).toMatchObject({ exit: 2 });
    const started = await cli.run('daemon start', { typed: [PASSPHRASE] });
    expect(started).toMatchObject({ exit: 0, err: expect.stringContaining('Passphrase of this profile') });
    await cli.stopDaemon();
    expect(await cli.run('profile decrypt', { typed: ['another passphrase'] })).toMatchObject({ exit: 4 });
    expect(isEncrypted()).toBe(true);
  });
});

function isEncrypted(): boolean {
  return existsSync(join(cli.folder, 'profile.key'));
}
