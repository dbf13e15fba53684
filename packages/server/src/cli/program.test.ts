import { Readable } from 'node:stream';
import { silentLog } from '@magpie/common/log.ts';
import { describe, expect, it } from 'vitest';
import { StartError } from '../io/start-error.ts';
import { StoreOpenError } from '../store/store-error.ts';
import { EXIT } from './exit-codes.ts';
import type { CliPorts } from './ports.ts';
import { runProgram } from './program.ts';

describe('the command line of magpie-server', () => {
  it('names every mistake of the configuration, with its source', async () => {
    const checked = await run(['check-config', '--listen', 'nowhere'], { env: { MAGPIE_SERVER_DATE: '/x' } });
    expect(checked.exit).toBe(EXIT.usage);
    expect(checked.stdout).toBe('');
    expect(checked.stderr.split('\n')).toEqual([
      'The configuration has mistakes:',
      '  MAGPIE_SERVER_DATE: unknown key MAGPIE_SERVER_DATE (did you mean MAGPIE_SERVER_DATA?)',
      '  --listen: listen is "nowhere", but must be HOST:PORT with an IP address, such as 0.0.0.0:10000 or [::]:10000',
      '',
    ]);
  });

  it('says which configuration file it cannot read', async () => {
    const checked = await run(['check-config'], { env: { MAGPIE_SERVER_CONFIG: '/nonexistent.toml' } });
    expect(checked).toMatchObject({ exit: EXIT.usage, stderr: expect.stringContaining('/nonexistent.toml') });
  });

  it('shows the effective configuration as JSON', async () => {
    const checked = await run(['check-config', '--listen', '127.0.0.1:7', '--json']);
    expect(checked.exit).toBe(EXIT.ok);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      ok: true,
      config: { listen: [{ address: '127.0.0.1', port: 7 }], limits: { lookupsPerHour: 300 } },
    });
  });

  it('checks every flag of the configuration that run takes', async () => {
    const flags = ['--registration', 'closed', '--log-level', 'debug', '--public-host', 'chat.example', '--data', '/d'];
    const checked = await run(['check-config', '--listen', '127.0.0.1:7', ...flags, '--json']);
    expect(JSON.parse(checked.stdout)).toMatchObject({
      config: { registration: 'closed', logLevel: 'debug', publicHost: 'chat.example', dataFolder: '/d' },
    });
    const wrong = await run(['check-config', '--registration', 'maybe']);
    expect(wrong).toMatchObject({ exit: EXIT.usage, stderr: expect.stringContaining('--registration') });
  });

  it.each([
    ['en', ['Usage: magpie-server [options] [command]', 'Options:', 'Commands:', 'check-config [options]']],
    ['zh-CN', ['用法： magpie-server [选项] [命令]', '选项：', '命令：', 'check-config [选项]']],
  ])('shows the help in %s, titles included', async (language, parts) => {
    const { stdout } = await run(['--lang', language, '--help']);
    for (const part of parts) expect(stdout).toContain(part);
    const sending = await run(['notice', 'send', '--help'], { env: { LANG: language.replace('-', '_') } });
    expect(sending.stdout).toContain(language === 'en' ? '\nOptions:' : '\n选项：');
    if (language === 'zh-CN')
      expect(stdout + sending.stdout).not.toMatch(/Usage|Options|Commands|Arguments|\[options|\[command/);
  });

  it.each([
    [
      ['run', '--lissten', 'x'],
      'There is no option --lissten (did you mean --listen?).',
      '没有选项 --lissten（是否应为 --listen？）。',
    ],
    [['rum'], 'There is no command rum (did you mean run?).', '没有命令 rum（是否应为 run？）。'],
    [['run', '--data'], 'The option --data <folder> needs a value.', '选项 --data <folder> 需要一个值。'],
    [['notice', 'send'], 'The argument text is missing.', '缺少参数 text。'],
    [['version', 'x'], 'There are more arguments than this command takes.', '参数过多。'],
    [['notice'], 'Say what to do: there are commands to choose from.', '请写明要做什么：此命令下还有子命令。'],
  ])('says in both languages what is wrong with %j', async (words, english, chinese) => {
    for (const [language, sentence] of [
      ['en', english],
      ['zh-CN', chinese],
    ] as const) {
      const read = await run(words, { env: { MAGPIE_LANG: language } });
      expect(read).toMatchObject({ exit: EXIT.usage, stdout: '', stderr: expect.stringContaining(`${sentence}\n`) });
      expect(read.stderr).toContain('magpie-server');
    }
  });

  it('says what is wrong with a command line to scripts too', async () => {
    const shown = await run(['run', '--colour', '--json']);
    expect(JSON.parse(shown.stdout)).toEqual({
      ok: false,
      error: { code: 'USAGE', exit: 2, message: 'There is no option --colour.', hint: 'See magpie-server --help' },
    });
  });

  it.each([
    [['frobnicate'], EXIT.usage],
    [['run', '--colour'], EXIT.usage],
    [['notice', 'send'], EXIT.usage],
    [['notice', 'send', ' ', '--data', '/nonexistent'], EXIT.usage],
    [['notice', 'send', '-', '--data', '/nonexistent'], EXIT.usage],
    [['notice', 'send', 'x'.repeat(4_097), '--data', '/nonexistent'], EXIT.usage],
    [['notice', 'send', 'hello', '--data', '/nonexistent'], EXIT.notRunning],
    ...[
      ['list'],
      ['show', 'alice'],
      ['lock', 'alice'],
      ['unlock', 'alice'],
      ['passwd', 'alice'],
      ['delete', 'alice'],
    ].map((words): [string[], number] => [['user', ...words, '--data', '/nonexistent'], EXIT.notRunning]),
    [['user', 'invite', '--data', '/nonexistent'], EXIT.notRunning],
    [['user', 'invites', '--data', '/nonexistent'], EXIT.notRunning],
    [['stats', '--data', '/nonexistent'], EXIT.notRunning],
    [['limits', '--data', '/nonexistent'], EXIT.notRunning],
    [['audit', '--data', '/nonexistent'], EXIT.notRunning],
    [['stop', '--data', '/nonexistent'], EXIT.notRunning],
    [['backup', '/nonexistent/b', '--data', '/nonexistent/d'], EXIT.notFound],
    [['restore', '/nonexistent/b', '--data', '/nonexistent/d'], EXIT.notFound],
    [['user', 'add'], EXIT.usage],
    [['user', 'add', 'alice', '--from-csv', 'x.csv'], EXIT.usage],
    [['user', 'add', '--from-csv', 'x.csv', '--display-name', 'x'], EXIT.usage],
    [['user', 'add', 'alice', '--data', '/nonexistent'], EXIT.usage],
    [['user', 'add', 'alice', '--password-file', '/nonexistent/p', '--data', '/nonexistent'], EXIT.usage],
    [['user', 'add', 'alice', '--password-file', '-', '--data', '/nonexistent'], EXIT.usage],
    [['user', 'invite', '--uses', '0'], EXIT.usage],
    [['user', 'invite', '--uses', 'many'], EXIT.usage],
    [['user', 'invite', '--expires', '7'], EXIT.usage],
    [['user', 'invite', '--expires', '91d'], EXIT.usage],
    [['audit', '--limit', '-1'], EXIT.usage],
    [['stop', '--drain-per-second', '1e3'], EXIT.usage],
    [['backup'], EXIT.usage],
    [['user'], EXIT.usage],
    [[], EXIT.usage],
    [['--help'], EXIT.ok],
    [['run', '--help'], EXIT.ok],
    [['version'], EXIT.ok],
  ])('ends %j with exit code %i', async (words, exit) => {
    const ended = await run(words);
    expect(ended.exit).toBe(exit);
    expect(exit === EXIT.ok ? ended.stdout : ended.stderr).not.toBe('');
  });

  it.each([
    [new StartError('permissions', '/d/server.key', { fix: 'chmod 600 /d/server.key' }), 6, 'PERMISSIONS', /chmod 600/],
    [new StartError('foreign-owner', '/d', { detail: '12345' }), 6, 'FOREIGN_OWNER', /--data/],
    [new StartError('disk', '/d/server.lock', { detail: 'SQLITE_FULL' }), 1, 'DISK', /space/],
    [new StartError('already-running', '/d'), 1, 'ALREADY_RUNNING', /--data/],
    [new StartError('key-corrupt', '/d/server.key'), 1, 'KEY_CORRUPT', /--new-key/],
    [new StartError('address-in-use', '[::]:1', { detail: 'EADDRINUSE' }), 1, 'ADDRESS_IN_USE', /--listen/],
    [new StoreOpenError('corrupt', '/d/server.db', 'malformed'), 1, 'STORE_CORRUPT', /backup/],
    [new StoreOpenError('missing', '/d/server.db', 'ENOENT'), 1, 'STORE_MISSING', /--new-database/],
    [new StoreOpenError('newer-schema', '/d/server.db', 'schema 9'), 1, 'STORE_NEWER_SCHEMA', /version/],
    [new StoreOpenError('locked', '/d/server.db', 'busy'), 1, 'STORE_LOCKED', /program/],
  ])('explains %s and says what to do', async (cause, exit, code, hint) => {
    const startServer = (): Promise<never> => Promise.reject(cause);
    const shown = await run(['run', '--json'], { startServer });
    expect(JSON.parse(shown.stdout)).toMatchObject({
      ok: false,
      error: { code, exit, hint: expect.stringMatching(hint) },
    });
    const chinese = await run(['run'], { startServer, env: { LANG: 'zh_CN.UTF-8' } });
    expect(chinese).toMatchObject({ exit, stdout: '' });
    expect(chinese.stderr).toMatch(/[\u4e00-\u9fff]/);
    expect(chinese.stderr).not.toMatch(/\{[a-z]+\}/);
  });

  it('hides no bug behind a sentence', async () => {
    const startServer = (): Promise<never> => Promise.reject(new TypeError('a bug'));
    await expect(run(['run'], { startServer })).rejects.toThrow('a bug');
  });
});

async function run(words: readonly string[], changes: Partial<CliPorts> = {}) {
  const written = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const exit = await runProgram(words, {
    env: {},
    pid: 1,
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    stdin: Readable.from([Buffer.from('\n')]),
    stopRequested: () => Promise.resolve(),
    startServer: () => Promise.reject(new Error('not asked for')),
    endAfter: () => {},
    openLog: () => silentLog,
    ...changes,
  });
  return { exit, ...written };
}
