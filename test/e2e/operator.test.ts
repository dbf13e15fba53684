import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from './friends.ts';
import { type CommandOutcome, eventually, PASSWORD, type ServerProcess, Stage } from './stage.ts';

interface AccountJson {
  readonly number: number;
  readonly name: string;
  readonly displayName: string;
  readonly state: string;
}

describe('the operator of a server', () => {
  const stage = new Stage();
  let server: ServerProcess;
  let monitor: string;
  let log = '';

  beforeAll(async () => {
    monitor = `127.0.0.1:${await freePort()}`;
    const file = stage.path('server.toml');
    const text = ['registration = "invite"', `monitor = "${monitor}"`, '[limits]', 'lookups_per_hour = 77'];
    writeFileSync(file, text.join('\n'));
    server = await stage.startServer('server', ['--config', file]);
    server.child.stderr!.on('data', (bytes) => {
      log += String(bytes);
    });
  });

  afterAll(() => stage.close());

  it('makes the accounts of a class out of a CSV file; generated passwords go into a private file and nowhere else', async () => {
    const csv = stage.path('class.csv');
    const rows = ['姓名', 'wang_wei,王伟,', 'li_na,"Li, Na",river stone lantern', 'x,too short,', 'zhao,赵敏,123'];
    writeFileSync(csv, `\ufeff${rows.join('\r\n').replace('姓名', 'name,displayName,password')}\r\n`);
    const made = await operator('user', 'add', '--from-csv', csv);
    expect(made.code).toBe(9);
    expect(made.stdout).toMatch(
      /2 +wang_wei +added as 10001\n3 +li_na +added as 10002\n4 +x +refused: .*\n5 +zhao +refused/,
    );
    expect(made.stdout).toContain('2 added, 0 existed already, 2 refused.');
    const passwords = stage.path('class.passwords.csv');
    expect(statSync(passwords).mode & 0o777).toBe(0o600);
    const [header, line, end] = readFileSync(passwords, 'utf8').split('\n');
    expect([header, end]).toEqual(['name,password', '']);
    const password = line!.split(',')[1]!;
    expect(line).toMatch(/^wang_wei,[a-z2-9-]{19}$/);
    expect(made.stdout + made.stderr + log).not.toContain(password);

    const again = await operator('user', 'add', '--from-csv', csv, '--json');
    expect(again.code).toBe(9);
    expect(again.json).toMatchObject({
      ...{ ok: false, error: { code: 'PARTIAL', exit: 9 }, added: 0, existing: 2, refused: 2, passwordsFile: null },
      rows: [
        { line: 2, name: 'wang_wei', status: 'exists', number: 10_001 },
        { line: 3, name: 'li_na', status: 'exists', number: 10_002 },
        { line: 4, name: 'x', status: 'refused', code: 'bad-name' },
        { line: 5, name: 'zhao', status: 'refused', code: 'weak-password' },
      ],
    });

    writeFileSync(stage.path('generated'), `${password}\n`);
    const signedIn = await login('wang', 'wang_wei', 'generated');
    expect(signedIn).toMatchObject({ account: { id: '10001', displayName: '王伟' } });
  });

  it('refuses a CSV file that is wrong anywhere, and makes nothing of it', async () => {
    for (const [text, code] of [
      ['good_name,Good,\nbad"name,X,', 'BAD_CSV'],
      ['a,b,c,d', 'BAD_CSV'],
      ['', 'EMPTY_CSV'],
      [Buffer.from([0xcd, 0xf5, 0xce, 0xb0]), 'NOT_UTF8'],
    ] as const) {
      writeFileSync(stage.path('wrong.csv'), text);
      const refused = await operator('user', 'add', '--from-csv', stage.path('wrong.csv'), '--json');
      expect([refused.code, refused.json]).toMatchObject([2, { ok: false, error: { code } }]);
    }
    expect((await operator('user', 'show', 'good_name', '--json')).code).toBe(5);
  });

  it('makes one account, shows it and finds it', async () => {
    const words = ['user', 'add', 'Carol', '--display-name', '卡罗', '--password-file', stage.path('password')];
    expect(await operator(...words, '--json')).toMatchObject({
      code: 0,
      json: { ok: true, account: { name: 'carol', displayName: '卡罗', state: 'active' }, passwordsFile: null },
    });
    expect(await operator(...words, '--json')).toMatchObject({ code: 6, json: { error: { code: 'NAME_TAKEN' } } });
    expect(await accounts('--search', '卡')).toMatchObject([{ name: 'carol' }]);
    const table = await operator('user', 'list', '--lang', 'zh-CN');
    expect(table.stdout).toMatch(/^号码 .*\n(.*\n)*.*carol .*卡罗\n共 [0-9]+ 个账号。\n$/);
    expect(await operator('user', 'show', 'nobody')).toMatchObject({
      code: 5,
      stderr: 'There is no account nobody.\n',
    });
  });

  it('invites: a link registers as many people as it says, and nobody without it', async () => {
    const direct = await stage.magpie('dave', [...registering('dave'), '--server', server.address]);
    expect([direct.code, direct.json]).toMatchObject([6, { error: { refusal: 'bad-invite' } }]);

    const made = await operator('user', 'invite', '--uses', '1', '--expires', '2h', '--json');
    const { link, expiresAt } = made.json as { readonly link: string; readonly expiresAt: string };
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(7_000_000);
    const listed = await operator('user', 'invites', '--json');
    expect(listed.json).toMatchObject({ invites: [{ usesLeft: 1, expiresAt }] });
    expect(listed.stdout).not.toContain(new URL(link).searchParams.get('invite'));

    await command(stage, 'dave', [...registering('dave'), '--server', link]);
    const second = await stage.magpie('erin', [...registering('erin'), '--server', link]);
    expect([second.code, second.json]).toMatchObject([6, { error: { refusal: 'bad-invite' } }]);
    expect((await operator('user', 'invites', '--json')).json).toMatchObject({ invites: [] });
  });

  it('locks an account at once, and lets it in again', async () => {
    const dave = await stage.connect('dave');
    const isOnline = async () => (await dave.call('status', {})).server.state === 'connected';
    await eventually('dave is online', isOnline);
    expect((await operator('user', 'lock', 'dave', '--json')).json).toMatchObject({ account: { state: 'locked' } });
    await eventually('the session is over', async () => !(await isOnline()), 2_000);
    const refused = await stage.magpie('dave2', loggingIn('dave', 'password'));
    expect(refused.json).toMatchObject({ ok: false, error: { refusal: 'account-locked' } });
    expect((await operator('user', 'unlock', 'dave')).stdout).toMatch(/^Account dave \([0-9]+\) may log in again\.\n$/);
  });

  it('sets a password, generated or given, after which every device must give it', async () => {
    const out = stage.path('new-passwords.csv');
    const made = await operator('user', 'passwd', 'carol', '--generate', '--passwords-out', out, '--json');
    expect(made.json).toMatchObject({ ok: true, account: { name: 'carol' }, passwordsFile: out });
    const password = readFileSync(out, 'utf8').split(/[,\n]/)[3]!;
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(made.stdout + log).not.toContain(password);
    const old = await stage.magpie('carol', loggingIn('carol', 'password'));
    expect(old.json).toMatchObject({ error: { refusal: 'wrong-credentials' } });
    writeFileSync(stage.path('generated'), password);
    await login('carol', 'carol', 'generated');

    const weak = stage.path('weak');
    writeFileSync(weak, '1234567890\n');
    expect(await operator('user', 'passwd', 'carol', '--password-file', weak, '--json')).toMatchObject({
      code: 2,
      json: { error: { code: 'WEAK_PASSWORD' } },
    });
    expect((await operator('user', 'passwd', 'carol', '--json')).json).toMatchObject({
      error: { code: 'INPUT_NEEDED' },
    });
  });

  it('deletes an account only when sure, and its name is never given again', async () => {
    const unsure = await operator('user', 'delete', 'li_na', '--json');
    expect([unsure.code, unsure.json]).toMatchObject([2, { error: { code: 'INPUT_NEEDED' } }]);
    expect(await operator('user', 'delete', 'li_na', '--yes', '--json')).toMatchObject({
      code: 0,
      json: { ok: true, deleted: { name: 'li_na', number: 10_002 } },
    });
    expect((await operator('user', 'delete', 'li_na', '--yes')).code).toBe(5);
    const again = await operator('user', 'add', 'li_na', '--password-file', stage.path('password'), '--json');
    expect(again.json).toMatchObject({ error: { code: 'NAME_TAKEN' } });
  });

  it('sees what was done, and by whom, without a password or a code', async () => {
    const audit = await operator('audit', '--limit', '200', '--json');
    const { entries } = audit.json as {
      readonly entries: readonly { readonly action: string; readonly actor: unknown }[];
    };
    const actions = entries.map(({ action }) => action);
    for (const action of ['user-add', 'invite-add', 'user-lock', 'user-unlock', 'user-password', 'user-delete']) {
      expect(actions).toContain(action);
    }
    expect(audit.stdout).not.toContain(PASSWORD);
    expect((await operator('audit', '--limit', '1')).stdout.split('\n')).toHaveLength(3);
  });

  it('sees the limits, and which of them are not the default', async () => {
    const shown = await operator('limits', '--json');
    const { limits } = shown.json as {
      readonly limits: readonly { readonly key: string; readonly changed: boolean }[];
    };
    expect(limits.filter(({ changed }) => changed)).toEqual([
      { key: 'limits.lookups_per_hour', value: 77, default: 300, changed: true },
    ]);
    expect((await operator('limits')).stdout).toMatch(/\n\* +limits\.lookups_per_hour +77 +300\n/);
  });

  it('sees figures by command and on the monitor, which names nobody', async () => {
    const stats = await operator('stats', '--json');
    expect(stats.json).toMatchObject({ ok: true, pid: server.pid, stopping: false, stored: { deleted: 1 } });
    expect((await operator('stats')).stdout).toMatch(/^sessions +[0-9]+$/m);
    const metrics = await (await fetch(`http://${monitor}/metrics`)).text();
    expect(metrics).toMatch(/^magpie_sessions [1-9]/m);
    expect(metrics).toMatch(/^magpie_logins_total\{method="register",result="accepted"\} 1$/m);
    expect(metrics).not.toMatch(/dave|carol|wang_wei|10001|127\.0\.0\.1/);
    expect((await fetch(`http://${monitor}/healthz`)).status).toBe(200);
    expect((await fetch(`http://${monitor}/readyz`)).status).toBe(200);
  });

  it('tells everybody something; who is away hears it at the next login, once', async () => {
    await command(stage, 'wang', ['daemon', 'stop', '--json']);
    const sent = await operator('notice', 'send', 'Maintenance', 'at', 'noon', '--json');
    expect(sent.json).toMatchObject({ ok: true, notice: { id: 1 } });
    for (let login = 1; login <= 2; login++) {
      await command(stage, 'wang', ['daemon', 'start', '--json']);
      const wang = await stage.connect('wang');
      await eventually('wang is online', async () => (await wang.call('status', {})).server.state === 'connected');
      await eventually(
        'the notice is there',
        async () => (await wang.call('notice.list', { limit: 5 })).items.length > 0,
      );
      expect((await wang.call('notice.list', { limit: 5 })).items).toMatchObject([
        { id: '1', text: 'Maintenance at noon' },
      ]);
      await command(stage, 'wang', ['daemon', 'stop', '--json']);
    }
  });

  it('stops the server by a command that comes back when it is gone', async () => {
    const stopped = await operator('stop', '--drain-per-second', '50', '--json');
    expect(stopped).toMatchObject({ code: 0, json: { ok: true, stopped: { pid: server.pid } } });
    expect(server.child.exitCode).toBe(0);
    expect(await operator('stats', '--json')).toMatchObject({ code: 3, json: { error: { code: 'NOT_RUNNING' } } });
  });

  function operator(...words: readonly string[]): Promise<CommandOutcome> {
    return stage.magpieServer([...words, '--data', stage.path('server')]);
  }

  async function accounts(...flags: readonly string[]): Promise<readonly AccountJson[]> {
    const { json } = await operator('user', 'list', ...flags, '--json');
    return (json as { readonly accounts: readonly AccountJson[] }).accounts;
  }

  function registering(name: string): readonly string[] {
    return ['account', 'register', name, '--password-file', stage.path('password'), '--json'];
  }

  function loggingIn(name: string, password: string): readonly string[] {
    const words = ['account', 'login', name, '--server', server.address, '--password-file', stage.path(password)];
    return [...words, '--json'];
  }

  function login(profile: string, name: string, password: string): Promise<Record<string, unknown>> {
    return command(stage, profile, loggingIn(name, password));
  }
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { readonly port: number };
      probe.close(() => resolve(port));
    });
  });
}
