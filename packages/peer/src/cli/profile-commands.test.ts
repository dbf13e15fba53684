import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestCli } from './test-cli.ts';

const [OLD, NEW] = ['correct horse battery', 'nine quiet herons'];
let cli: TestCli;
beforeEach(async () => {
  cli = await TestCli.create();
  await cli.startDaemon();
  cli.engine.signedIn();
});
afterEach(() => cli.dispose());

describe('account passwd', () => {
  it('asks for the old one, and for the new one twice, without echo', async () => {
    const { exit, out, err } = await cli.run('account passwd', { typed: [OLD, NEW, NEW] });
    expect([exit, cli.engine.calls[0]?.input]).toEqual([0, { oldPassword: OLD, newPassword: NEW }]);
    expect(out + err).not.toMatch(/horse|herons/);
    expect((await cli.run('account passwd', { typed: [OLD, NEW, 'something else'] })).exit).toBe(2);
  });

  it('reads both from one file of two lines, or each from its own', async () => {
    await cli.run(['account', 'passwd', '--password-file', '-', '--json'], { stdin: `${OLD}\r\n${NEW}\r\n` });
    const [one, two] = [await fileWith('one', OLD), await fileWith('two', NEW)];
    await cli.run(['account', 'passwd', '--old-password-file', one, '--new-password-file', two, '--json']);
    expect(cli.engine.calls.map((call) => call.input)).toEqual([
      { oldPassword: OLD, newPassword: NEW },
      { oldPassword: OLD, newPassword: NEW },
    ]);
  });

  it('refuses one line, three lines, two sources and nothing at all before anything is sent', async () => {
    for (const stdin of [OLD, `${OLD}\n${NEW}\nmore`]) {
      expect((await cli.run('account passwd --password-file - --json', { stdin })).exit).toBe(2);
    }
    const both = ['--password-file', await fileWith('both', `${OLD}\n${NEW}`), '--old-password-file', '-'];
    expect((await cli.run(['account', 'passwd', ...both, '--json'])).exit).toBe(2);
    expect((await cli.run('account passwd --old-password-file - --new-password-file - --json')).exit).toBe(2);
    expect((await cli.run('account passwd --json')).json.error?.code).toBe('INPUT_NEEDED');
    const weak = await cli.run('account passwd --password-file - --json', { stdin: `${OLD}\nshort` });
    expect([weak.exit, weak.json.error?.refusal]).toEqual([2, 'weak-password']);
    expect(cli.engine.calls).toEqual([]);
  });

  it('exits 4 when the old password is wrong', async () => {
    cli.engine.nextError = { code: 'SERVER_REFUSED', refusal: 'wrong-credentials' };
    expect((await cli.run('account passwd --password-file -', { stdin: `${OLD}\n${NEW}` })).exit).toBe(4);
  });
});

describe('account profile and policy', () => {
  it('changes what was given, and shows it all', async () => {
    const words = ['account', 'profile', '--signature', 'gone fishing', '--json'];
    expect((await cli.run(words)).json).toMatchObject({
      account: { displayName: 'alice', signatureLine: 'gone fishing' },
    });
    expect(cli.engine.calls.map((call) => call.input)).toEqual([{ signatureLine: 'gone fishing' }]);
    expect((await cli.run('account profile')).out).toContain('gone fishing');
    expect((await cli.run(['account', 'profile', '--signature', '', '--json'])).json).toMatchObject({
      account: { signatureLine: '' },
    });
  });

  it('shows the policy, and changes only what was given', async () => {
    expect((await cli.run('account policy --json')).json).toMatchObject({
      policy: { ask: 'anyone', question: '', showLastSeen: true },
    });
    const words = [
      'account',
      'policy',
      '--ask',
      'question',
      '--question',
      'Which lab?',
      '--last-seen',
      'off',
      '--json',
    ];
    expect((await cli.run(words)).json).toMatchObject({
      policy: { ask: 'question', question: 'Which lab?', showLastSeen: false },
    });
    expect((await cli.run('account policy')).out).toMatch(/whoever answers a question\n.*Which lab\?\n.*do not see/);
  });

  it('asks no question that is empty', async () => {
    const { exit, json } = await cli.run('account policy --ask question --json');
    expect([exit, json.error?.code, cli.engine.ownPolicy.ask]).toEqual([2, 'USAGE', 'anyone']);
  });
});

describe('account delete', () => {
  it('asks for the name and the password on a terminal, and stops at another name', async () => {
    expect((await cli.run('account delete', { typed: ['bob'] })).exit).toBe(130);
    expect(deleted()).toEqual([]);
    expect((await cli.run('account delete', { typed: ['alice', OLD] })).exit).toBe(0);
    expect(deleted()).toEqual([{ password: OLD }]);
  });

  it('deletes nothing unasked where nobody can be asked', async () => {
    const file = await fileWith('password', OLD);
    const refused = await cli.run(['account', 'delete', '--password-file', file, '--json']);
    expect([refused.exit, refused.json.error?.code, deleted()]).toEqual([2, 'INPUT_NEEDED', []]);
    expect((await cli.run(['account', 'delete', '--yes', '--json'])).exit).toBe(2);
    expect((await cli.run(['account', 'delete', '--password-file', file, '--yes', '--json'])).exit).toBe(0);
  });

  function deleted(): unknown[] {
    return cli.engine.calls.filter((call) => call.name === 'deleteAccount').map((call) => call.input);
  }
});

async function fileWith(name: string, text: string): Promise<string> {
  const path = join(cli.folder, name);
  await writeFile(path, `${text}\n`);
  return path;
}
