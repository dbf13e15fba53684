import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestCli } from './test-cli.ts';

const SCREEN = { DISPLAY: ':0' };
let cli: TestCli;
beforeEach(async () => {
  cli = await TestCli.create();
});
afterEach(() => cli.dispose());

describe('magpie ui', () => {
  it('starts the daemon, opens the link in the browser, and shows the address without the code', async () => {
    const { exit, out, err } = await cli.run('ui', { env: SCREEN });
    expect([exit, cli.starts, cli.browsed]).toEqual([0, [true], [cli.page.url]]);
    expect(err).toBe('http://127.0.0.1:8484/\n');
    expect(out).not.toContain('#c=');
  });

  it('prints the link, alone on stdout, where no browser opens', async () => {
    await cli.startDaemon();
    for (const [line, env] of [
      ['ui --no-open', SCREEN],
      ['ui --print-url', SCREEN],
      ['ui', { ...SCREEN, SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }],
      ...(process.platform === 'linux' ? [['ui', {}] as const] : []),
    ] as const) {
      const { exit, out } = await cli.run(line, { env });
      expect([line, exit, out]).toEqual([line, 0, `${cli.page.url}\n`]);
    }
    expect(cli.browsed).toEqual([]);
    cli.hasBrowser = false;
    expect((await cli.run('ui', { env: SCREEN })).out).toBe(`${cli.page.url}\n`);
    expect((await cli.run('ui', { env: { ...SCREEN, SSH_TTY: '/dev/pts/1' } })).err).toContain('ssh -L 8484:');
  });

  it('gives scripts the link and opens nothing', async () => {
    const { json } = await cli.run('ui --json', { env: SCREEN });
    expect(json).toMatchObject({ ok: true, url: cli.page.url, opened: false, expiresAt: expect.any(String) });
    expect(cli.browsed).toEqual([]);
    expect((await cli.run('ui --close-all --json')).json).toMatchObject({ ok: true, closed: true });
  });
});
