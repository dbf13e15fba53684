import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DaemonStatusJson } from '@magpie/common/rpc/schemas.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PASSWORD, Stage } from './stage.ts';

const PASSPHRASE = 'quiet pears 在树上';

describe('a profile with a passphrase (R30), by the commands of its user', () => {
  let stage: Stage;
  beforeEach(() => {
    stage = new Stage();
    for (const [name, text] of [
      ['passphrase', PASSPHRASE],
      ['new-passphrase', 'loud plums'],
      ['short', 'pear'],
    ] as const) {
      writeFileSync(stage.path(name), `${text}\n`, { mode: 0o600 });
    }
  });
  afterEach(() => stage.close());

  it.skipIf(process.platform !== 'linux')(
    'is encrypted, opened, changed and decrypted, and never says its passphrase',
    { timeout: 120_000 },
    async () => {
      const server = await stage.startServer();
      const magpie = (words: string, input = '') => stage.magpie('alice', [...words.split(' '), '--json'], input);
      const given = `--passphrase-file ${stage.path('passphrase')}`;

      expect(await magpie(`profile encrypt ${given}`)).toMatchObject({
        code: 1,
        json: { error: { code: 'PROFILE_EMPTY' } },
      });
      const account = `alice --server ${server.address} --password-file -`;
      expect(await magpie(`account register ${account}`, PASSWORD)).toMatchObject({ code: 0 });
      expect(await magpie(`profile encrypt ${given}`)).toMatchObject({
        json: { error: { code: 'DAEMON_ALREADY_RUNNING' } },
      });
      await magpie('daemon stop');
      expect(await magpie(`profile encrypt --passphrase-file ${stage.path('short')}`)).toMatchObject({ code: 2 });
      expect(await magpie('profile encrypt')).toMatchObject({
        code: 2,
        json: { error: { code: 'PASSPHRASE_NEEDED' } },
      });
      expect(await magpie(`profile encrypt ${given}`)).toMatchObject({ code: 0, json: { encrypted: true } });

      for (const command of ['daemon start', 'daemon run', `account login ${account}`]) {
        const refused = await magpie(command, PASSWORD);
        expect(refused).toMatchObject({ code: 2, json: { error: { code: 'PASSPHRASE_NEEDED' } } });
        expect(refused.json?.error).toMatchObject({ hint: expect.stringContaining('--passphrase-file') });
      }
      const wrong = `daemon start --passphrase-file ${stage.path('wrong-password')}`;
      expect(await magpie(wrong)).toMatchObject({ code: 4, json: { error: { code: 'PASSPHRASE_WRONG' } } });
      const chinese = await stage.magpie('alice', [...wrong.split(' '), '--lang', 'zh-CN']);
      expect(chinese).toMatchObject({ code: 4, stderr: expect.stringContaining('口令') });

      const started = await magpie('daemon start --passphrase-file -', PASSPHRASE);
      expect(started).toMatchObject({ code: 0 });
      const { pid } = (started.json as unknown as { readonly daemon: DaemonStatusJson }).daemon;
      for (const file of ['cmdline', 'environ'])
        expect(readFileSync(`/proc/${pid}/${file}`, 'utf8')).not.toContain('pears');
      expect(librariesOf(pid)).toEqual(['better-sqlite3-multiple-ciphers']);
      expect(await magpie('account whoami')).toMatchObject({ code: 0, json: { account: { name: 'alice' } } });
      await magpie('daemon stop');

      const next = `--new-passphrase-file ${stage.path('new-passphrase')}`;
      expect(await magpie(`profile passphrase ${given} ${next}`)).toMatchObject({ code: 0 });
      expect(await magpie(`profile decrypt ${given}`)).toMatchObject({ code: 4 });
      expect(await magpie(`profile decrypt --passphrase-file ${stage.path('new-passphrase')}`)).toMatchObject({
        code: 0,
      });
      const plain = await magpie('daemon start');
      expect(plain).toMatchObject({ code: 0 });
      expect(librariesOf((plain.json as unknown as { readonly daemon: DaemonStatusJson }).daemon.pid)).toEqual([
        'better-sqlite3',
      ]);
      for (const name of readdirSync(stage.path('alice'))) {
        if (name === 'control.sock') continue;
        expect([name, readFileSync(join(stage.path('alice'), name)).includes('pears')]).toEqual([name, false]);
      }
    },
  );
});

/** R30: which SQLite the process has loaded. */
function librariesOf(pid: number): readonly string[] {
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
  return [...new Set([...maps.matchAll(/node_modules\/(better-sqlite3[a-z-]*)\//g)].map((match) => match[1]!))];
}
