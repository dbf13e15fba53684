import { CATALOGUES, LANGUAGES } from '@magpie/common/i18n/translator.ts';
import { LOCAL_ERROR_CODES } from '@magpie/common/rpc/rpc-message.ts';
import { RPC_TABLE } from '@magpie/common/rpc/rpc-table.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMAND_ERROR_CODES } from '../engine/command-error.ts';
import { CLI_ERROR_CODES } from './cli-error.ts';
import { TestCli } from './test-cli.ts';

let cli: TestCli;
beforeEach(async () => {
  cli = await TestCli.create();
});
afterEach(() => cli.dispose());

/** Every command that needs a daemon, in a form that is right. */
const COMMANDS = [
  'account whoami',
  'account logout',
  'account profile',
  'account profile --signature hello',
  'account policy',
  'account policy --ask question --question who? --last-seen off',
  'account devices list',
  'account devices revoke eeee',
  'account devices approve --no-wait',
  'account recovery renew',
  'account invitation',
  'account invitation --qr',
  'contact list',
  'contact show bob',
  'contact requests',
  'contact add carol',
  'contact accept eve',
  'contact reject eve',
  'contact remove bob --yes',
  'contact lookup dave',
  'contact block bob',
  'contact unblock bob',
  'contact rename bob Bobby',
  'contact group bob Lab',
  'contact verify bob',
  'contact verify bob --matches --qr',
  'contact qr',
  'presence get',
  'presence set away',
  'presence set invisible',
  'presence set busy --message lecture',
  'presence auto-away 10m',
  'presence auto-away off',
  'notice list',
  'notice dismiss 3',
  'notice dismiss all',
  'send bob hello',
  'msg list bob',
  'msg show 00000000000000000000000000000001',
  'msg mark-read bob',
  'msg list bob --around 00000000000000000000000000000001',
  'msg search hi --chat bob --from me --since 7d',
  'msg edit 00000000000000000000000000000001 hello again',
  'msg recall 00000000000000000000000000000001',
  'msg react 00000000000000000000000000000001 👍',
  'msg react 00000000000000000000000000000001 👍 --off',
  'msg delete bob --all --yes',
  'msg delete bob --before 2026-01-01 --yes',
  'msg delete bob 00000000000000000000000000000001 --yes',
  'draft get bob',
  'draft set bob half a thought',
  'draft clear bob',
  'draft list',
  'nudge bob',
  'privacy',
  'privacy read-receipts off',
  'ui --close-all',
  'status',
  'net status',
  'net path',
  'net path bob',
  'net never-direct',
  'net never-direct on',
  'net never-direct off bob',
  'daemon status',
] as const;

describe('every command', () => {
  it.each(COMMANDS)('without a daemon, `%s` exits 3 and says what to type', async (line) => {
    const human = await cli.run(line);
    expect([human.exit, human.out]).toEqual([3, '']);
    expect(human.err).toContain(`magpie --profile ${cli.folder}/ daemon start`);
    const { exit, json, err } = await cli.run(`${line} --json`);
    expect([exit, err]).toEqual([3, '']);
    expect(json).toMatchObject({ ok: false, schema: 1, error: { code: 'DAEMON_NOT_RUNNING', exit: 3 } });
  });

  it.each(COMMANDS)('with a daemon, `%s` exits 0 and prints one JSON object with --json', async (line) => {
    await withPeople();
    const { exit, json, err } = await cli.run(`${line} --json`);
    expect([exit, err]).toEqual([0, '']);
    expect(json).toMatchObject({ ok: true, schema: 1 });
  });

  it.each(COMMANDS)('`%s` prints for people in both languages, without control characters', async (line) => {
    await withPeople();
    for (const lang of ['en', 'zh-CN']) {
      const { exit, out } = await cli.run(`${line} --lang ${lang}`);
      expect(exit).toBe(0);
      expect(out.trim()).not.toBe('');
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there
      expect(out).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]|\{\{/);
    }
  });

  it.each(COMMANDS)('`%s` with one word too many or an unknown option is a usage error', async (line) => {
    const unknown = await cli.run(`${line} --nonsense --json`);
    expect(unknown.exit).toBe(2);
    expect(unknown.json.error).toMatchObject({ code: 'USAGE', exit: 2 });
    if (/^(send|net path$|net never-direct|msg (search|edit|delete)|draft set)/.test(line)) return;
    expect((await cli.run(`${line} more words --json`)).json.error).toMatchObject({ code: 'USAGE' });
  });
});

describe('the command line', () => {
  it('[R29] prints the reference of the local API, every method and every error code in it', async () => {
    for (const lang of ['en', 'zh-CN']) {
      const { exit, out } = await cli.run(`help api --lang ${lang}`);
      expect(exit).toBe(0);
      for (const method of Object.keys(RPC_TABLE)) expect(out).toContain(`### ${method}\n`);
      for (const code of COMMAND_ERROR_CODES) expect(out).toMatch(new RegExp(`- \`${code}\` \\S`));
    }
    expect((await cli.run('help api --json')).json.methods).toHaveLength(Object.keys(RPC_TABLE).length);
  });

  it('names the word that is wrong and the likely one', async () => {
    const { exit, err } = await cli.run('contact lits');
    expect([exit, err.includes('Did you mean list?')]).toEqual([2, true]);
  });

  it('answers usage errors in JSON too, in the language asked for', async () => {
    const { json } = await cli.run('send --json --lang zh');
    expect(json.error).toMatchObject({ code: 'USAGE', exit: 2, message: '缺少参数 to。' });
  });

  it.each([
    'status --timeout never',
    'status --lang xx',
    'status --color blue',
    'presence set hidden',
    'msg list bob --limit 0',
    'msg list bob --before x',
    'msg show x',
    'send bob hi --wait sent',
    'send bob hi --reply-to x',
    'msg list bob --around 1',
    'msg list bob --around 00000000000000000000000000000001 --before 00000000000000000000000000000001',
    'msg search hello --since yesterday',
    'msg delete bob',
    'msg delete bob 00000000000000000000000000000001 --all',
    'msg edit 1 hello',
    'msg export --after x',
    'privacy typing',
    'privacy lies on',
    'send bob hi --id 12',
    'watch --types message,call',
    'presence auto-away soon',
    'presence auto-away 2d',
    'net never-direct maybe',
    'notice list --limit 0',
    'account policy --ask somebody',
    'account policy --last-seen yes',
    'account login bob --new-identity --yes --approval-code-file x',
    'account login bob --recovery-code-file - --password-file -',
    'account register bob --server magpie://nowhere',
    'watch --since now',
  ])('refuses a bad value: %s', async (line) => {
    const { exit, json } = await cli.run(`${line} --json`);
    expect([exit, json.error?.code]).toEqual([2, 'USAGE']);
    expect(json.error?.message).not.toContain('{{');
  });

  it('names the next command as it must be typed when npx runs it', async () => {
    const { err } = await cli.run('status', { env: { npm_command: 'exec' } });
    expect(err).toContain(`npx magpie --profile ${cli.folder}/ daemon start`);
    expect((await cli.run('lits', { env: { npm_command: 'exec' } })).err).toContain('npx magpie');
  });

  it('takes global options before and after the command', async () => {
    await withPeople();
    expect((await cli.run('--json status')).json.ok).toBe(true);
    expect((await cli.run('status --json')).json.ok).toBe(true);
  });

  it('prints the version and the topics of help without a daemon', async () => {
    expect(await cli.run('version')).toMatchObject({ exit: 0, out: 'magpie 0.1.0\n' });
    expect((await cli.run('help exit-codes')).out).toContain('the daemon is not running');
    expect((await cli.run('help environment --lang zh-CN')).out).toContain('环境变量');
    expect((await cli.run('help json --json')).json).toMatchObject({ ok: true, schema: 1 });
    expect((await cli.run('help contact add')).out).toContain('magpie contact add bob');
    expect((await cli.run('help nonsense')).exit).toBe(2);
  });

  it('shows help with examples on stdout for --help, and on stderr with exit 2 for a noun alone', async () => {
    const help = await cli.run('send --help');
    expect([help.exit, help.err]).toEqual([0, '']);
    expect(help.out).toMatch(/Usage: magpie send[\s\S]*Examples:\s+magpie send bob Hello[\s\S]*--wait/);
    const noun = await cli.run('contact');
    expect([noun.exit, noun.out]).toEqual([2, '']);
    for (const line of ['contact --json', '--json']) {
      const { exit, json, err } = await cli.run(line);
      expect([exit, json.error?.code, err]).toEqual([2, 'USAGE', '']);
    }
    for (const line of ['--help --json', 'contact --help --json', 'send -h --json']) {
      const { exit, json } = await cli.run(line);
      expect([exit, json.ok, String(json.help).includes('Usage: magpie')]).toEqual([0, true, true]);
    }
  });

  it('gives an engine error its exit code, sentence, and the server code where there is one', async () => {
    await withPeople();
    cli.engine.nextError = { code: 'SERVER_REFUSED', refusal: 'rate-limited', retryAfterMs: 4_200 };
    const { exit, json } = await cli.run('contact add carol --json');
    expect(exit).toBe(6);
    expect(json.error).toEqual({
      code: 'SERVER_REFUSED',
      exit: 6,
      message: 'Too many attempts in a short time.',
      hint: 'Try again in 5 s or more.',
      refusal: 'rate-limited',
      retryAfterMs: 4_200,
    });
    expect((await cli.run('contact show nobody --json')).json.error).toMatchObject({ code: 'NOT_FOUND', exit: 5 });
    expect((await cli.run('contact show nobody')).err).toContain('"nobody"');
  });

  it('speaks Chinese of roads, links and reasons, and names no help command that is not there', async () => {
    await withPeople();
    const path = { account: 10_002, name: 'bob', session: 'established', state: 'direct', reason: 'proven' } as const;
    const rest = { path: undefined, endpoint: undefined, packetsSent: 0, packetsReceived: 0, packetsLost: 0 };
    cli.engine.paths = async () => ({ ok: true, value: [{ ...path, ...rest } as never] });
    const shown = await cli.run('net path --lang zh-CN');
    expect(shown.out).toContain('已建立\t直连\t已验证');
    const status = await cli.engine.status();
    const server = { state: 'stopped', rttMs: undefined, lastError: 'server-key-changed', retryAt: undefined } as const;
    cli.engine.status = async () => ({ ...status, server: server as never });
    expect((await cli.run('net status --lang zh-CN')).out).toContain('服务器的密钥已变');
    for (const [lastError, words] of [
      ['password-changed', '密码已被修改'],
      ['account-locked', '管理员已锁定'],
      ['NEW_DEVICE', '不认识本设备'],
      ['SERVER_UNREACHABLE', '无法连接服务器。'],
    ] as const) {
      cli.engine.status = async () => ({ ...status, server: { ...server, lastError } as never });
      expect((await cli.run('net status --lang zh-CN')).out.replaceAll('还', '')).toContain(words);
    }
    cli.engine.nextError = { code: 'SERVER_UNREACHABLE', detail: { reason: 'not-connected' } };
    expect((await cli.run('contact add carol --lang zh-CN')).err).not.toContain('not-connected');
    expect((await cli.run('contact --help --lang zh-CN')).out).not.toContain('display help');
  });

  it('times out with exit 8 when the daemon does not answer', async () => {
    await withPeople();
    cli.engine.presence = () => new Promise(() => {});
    const { exit, json } = await cli.run('presence get --timeout 50ms --json');
    expect([exit, json.error?.code]).toEqual([8, 'TIMED_OUT']);
  });

  it('uses colour and tables on a terminal only, and never with NO_COLOR', async () => {
    await withPeople();
    const colored = await cli.run('contact list', { typed: [] });
    expect(colored.out).toContain('\u001b[');
    expect(colored.out).toMatch(/NUMBER.*NAME/);
    expect((await cli.run('contact list', { typed: [], env: { NO_COLOR: '1' } })).out).not.toContain('\u001b[');
    const plain = await cli.run('contact list --plain', { typed: [] });
    expect(plain.out).toBe('10002\tbob\tBob\tonline\tDirect 12 ms\t0\t-\t-\n');
    expect((await cli.run('contact list')).out).toBe(plain.out);
  });

  it.each([
    ['draft show', 'magpie draft --help'],
    ['--profile msg draft show', 'magpie draft --help'],
    ['contact list --nonsense', 'magpie contact list --help'],
    ['msg show', 'magpie msg show --help'],
    ['drafft', 'See magpie --help'],
    ['send', 'magpie send --help'],
  ])('points for `magpie %s` to %s', async (line, hint) => {
    const { exit, err } = await cli.run(line);
    expect(exit).toBe(2);
    expect(err).toContain(`${hint}\n`);
  });

  it('shows what names and texts would do to a terminal instead of letting them', async () => {
    await cli.startDaemon();
    cli.engine.signedIn().person(10_002, 'bob', 'member', 'B\u001b[2J\u202eob\t!');
    cli.engine.message_(10_002, 'in', 'first\n\u001b]0;owned\u0007second');
    expect((await cli.run('contact list')).out).toContain('B\u241b[2J<U+202E>ob\u2409!');
    const shown = await cli.run('msg list bob', { typed: [], env: { NO_COLOR: '1' } });
    expect(shown.out).toContain('bob: first\n    \u241b]0;owned\u2407second');
    const nasty = '\u007f\u009b2J\u061c\u200e\u200f\u2028\u2029\u202e\u2066\u2069';
    cli.engine.message_(10_002, 'in', nasty);
    const marked = await cli.run('msg list bob --json --limit 1');
    expect(marked.json).toMatchObject({ items: [{ text: nasty }] });
    expect(marked.out).not.toMatch(/[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/);
    const json = await cli.run('msg list bob --json');
    expect(json.json).toMatchObject({ items: [{ text: 'first\n\u001b]0;owned\u0007second' }, {}] });
  });
});

describe('the catalogues', () => {
  it.each([
    ['en', 10],
    ['zh-CN', 8],
  ] as const)('begin in %s each line of the status with a label %i cells wide', (language, width) => {
    for (const [key, line] of Object.entries(CATALOGUES[language]).filter(([name]) => name.startsWith('status.'))) {
      const label = /^\S+ {2,}/.exec(String(line))?.[0] ?? '';
      const cells = [...label].reduce((sum, character) => sum + (character > '\u2e7f' ? 2 : 1), 0);
      expect([key, cells]).toEqual([key, width]);
    }
  });

  it.each(LANGUAGES)('say in %s what is wrong and what to do next for every error code', (language) => {
    for (const code of [...COMMAND_ERROR_CODES, ...LOCAL_ERROR_CODES, ...CLI_ERROR_CODES]) {
      expect([code, CATALOGUES[language][`error.${code}`], CATALOGUES[language][`hint.${code}`]]).not.toContain(
        undefined,
      );
    }
  });
});

async function withPeople(): Promise<void> {
  await cli.startDaemon();
  cli.engine.signedIn();
  cli.engine.person(10_002, 'bob', 'member', 'Bob');
  cli.engine.person(10_004, 'eve', 'asking');
  cli.engine.message_(10_002, 'in', 'hi');
  await cli.engine.setDraft('bob', 'half a thought');
  const dave = { account: 10_007 as never, name: 'dave' as never, displayName: 'Dave' };
  cli.engine.strangers.set('dave', { ...dave, ask: 'question', question: 'Which lab?' });
  const text = 'maintenance\non Monday';
  cli.engine.noticeList = [{ id: 3, at: 1_760_000_000_000 as never, text, dismissed: false }];
}
