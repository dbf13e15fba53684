import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const project = fileURLToPath(new URL('../../', import.meta.url));

interface Package {
  readonly version?: string;
  readonly optional?: true;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly link?: true;
}
type Packages = Readonly<Record<string, Package>>;

/** What package-lock.json names; the last two are for other machines. */
const WANTED: Packages = {
  '': { version: '0.1.0' },
  'node_modules/alpha': { version: '1.2.3' },
  'node_modules/here': { version: '2.0.0', optional: true, os: [process.platform], cpu: [process.arch] },
  'node_modules/elsewhere': { version: '2.0.0', optional: true, os: ['plan9'], cpu: [process.arch] },
  'node_modules/needed-elsewhere': { version: '3.0.0', optional: true },
};
const INSTALLED: Packages = {
  'node_modules/alpha': WANTED['node_modules/alpha']!,
  'node_modules/here': WANTED['node_modules/here']!,
};

/** What npm does, as far as the set-up can see. */
const INSTALL = `
  fs.rmSync('node_modules', { recursive: true, force: true });
  for (const path of ${JSON.stringify(Object.keys(INSTALLED))}) fs.mkdirSync(path, { recursive: true });
  fs.writeFileSync('node_modules/.package-lock.json', ${JSON.stringify(JSON.stringify({ packages: INSTALLED }))});`;

describe('the set-up before the first command', () => {
  let root: string;
  let npm: string;

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'magpie-set-up-'));
    for (const name of readdirSync(join(project, 'scripts')).filter((file) => file.endsWith('.mjs'))) {
      cpSync(join(project, 'scripts', name), join(root, 'scripts', name));
    }
    write('scripts/hello.mjs', "process.stdout.write('hello');");
    write('package-lock.json', JSON.stringify({ packages: WANTED }));
    npm = join(root, 'npm-cli.cjs');
    stubNpm(INSTALL);
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('installs the libraries once, without their scripts', async () => {
    for (let round = 0; round < 2; round++) expect(await bootstrap()).toMatchObject({ exit: 0, stdout: 'hello' });
    expect(npmRuns()).toEqual(['ci --ignore-scripts --no-audit --no-fund --loglevel=error']);
    expect(existsSync(join(root, '.magpie-setup.tmp'))).toBe(false);
  });

  it('leaves alone what npm install has brought, also under a program that runs from it', async () => {
    install(INSTALLED);
    expect(await bootstrap()).toMatchObject({ exit: 0, stdout: 'hello', stderr: '' });
    expect(npmRuns()).toEqual([]);
    rmSync(join(root, 'node_modules', '.package-lock.json'));
    expect(await bootstrap()).toMatchObject({ exit: 0, stdout: 'hello' });
    expect(npmRuns()).toEqual([]);
  });

  it.each<[string, () => void]>([
    ['a package of another version', () => install({ ...INSTALLED, 'node_modules/alpha': { version: '1.2.4' } })],
    ['a package too many', () => install({ ...INSTALLED, 'node_modules/beta': { version: '1.0.0' } })],
    ['a package too few', () => install({ 'node_modules/here': INSTALLED['node_modules/here']! })],
    ['no optional package for this machine', () => install({ 'node_modules/alpha': INSTALLED['node_modules/alpha']! })],
    [
      'a link in the place of a package',
      () => install({ ...INSTALLED, 'node_modules/alpha': { version: '1.2.3', link: true } }),
    ],
    [
      'a package whose folder is gone',
      () => {
        install(INSTALLED);
        rmSync(join(root, 'node_modules', 'alpha'), { recursive: true });
      },
    ],
    ['a list that cannot be read', () => write('node_modules/.package-lock.json', '{')],
  ])('installs again over %s', async (_what, prepare) => {
    prepare();
    expect(await bootstrap()).toMatchObject({ exit: 0, stdout: 'hello' });
    expect(npmRuns()).toHaveLength(1);
  });

  it('runs once when two first commands begin together', async () => {
    // Long enough for the second one to begin meanwhile, also on a busy machine.
    stubNpm(`Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000);${INSTALL}`);
    const both = await Promise.all([bootstrap(), bootstrap()]);
    expect(both).toMatchObject([
      { exit: 0, stdout: 'hello' },
      { exit: 0, stdout: 'hello' },
    ]);
    expect(npmRuns()).toHaveLength(1);
    expect(both.map(({ stderr }) => stderr).join('')).toContain('waiting for it');
  });

  it('takes over the lock of a set-up that was ended', async () => {
    write('.magpie-setup.tmp', `${2 ** 22 + 1} ${hostname()} 0`);
    expect(await bootstrap()).toMatchObject({ exit: 0, stdout: 'hello' });
    expect(npmRuns()).toHaveLength(1);
  });

  it('takes over a lock with its own number, which a process before it had', async () => {
    const lock = JSON.stringify(join(root, '.magpie-setup.tmp'));
    const makeLock = `writeFileSync(${lock}, process.pid + ' ${hostname()} 0')`;
    write('early.mjs', `import { writeFileSync } from 'node:fs';\nif (/bootstrap/.test(process.argv[1])) ${makeLock};`);
    expect(await bootstrap({ NODE_OPTIONS: `--import=${join(root, 'early.mjs')}` })).toMatchObject({ exit: 0 });
    expect(npmRuns()).toHaveLength(1);
  });

  describe('the page', () => {
    beforeEach(() => {
      install(INSTALLED);
      write('packages/peer/web/src/page.tsx', 'one');
      write('packages/common/src/ids.ts', 'one');
      for (const name of ['start.ts', 'demo.ts']) write(join('scripts', name), "process.stdout.write('hello');");
      stubBuild('');
    });

    it('is built when what it is made of has changed, and only then', async () => {
      for (let round = 0; round < 2; round++) expect(await start()).toMatchObject({ exit: 0, stdout: 'hello' });
      expect(builds()).toBe(1);
      write('packages/common/src/ids.test.ts', 'a test is no part of it');
      await start();
      expect(builds()).toBe(1);
      for (const path of [
        'packages/peer/web/src/page.tsx',
        'packages/common/src/ids.ts',
        'packages/peer/web/new.css',
      ]) {
        write(path, 'two');
        await start();
      }
      expect(builds()).toBe(4);
    });

    it('is built once by two commands that begin together, and not for one that shows none', async () => {
      expect(await bootstrap({}, 'demo.ts')).toMatchObject({ exit: 0, stdout: 'hello' });
      expect(builds()).toBe(0);
      stubBuild('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);');
      expect(await Promise.all([start(), start()])).toMatchObject([{ exit: 0 }, { exit: 0 }]);
      expect(builds()).toBe(1);
    });

    it('is built by `npm run build` in any case', async () => {
      for (let round = 0; round < 2; round++) {
        expect(await bootstrap({}, 'build-page.ts')).toMatchObject({ exit: 0, stdout: '' });
      }
      expect(builds()).toBe(2);
    });

    it('ends the command when it cannot be built, in words, and the next command tries again', async () => {
      stubBuild("process.stderr.write('no such colour\\n'); process.exit(1);");
      const { exit, stdout, stderr } = await start();
      expect([exit, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/no such colour\n.*could not be built/);
      stubBuild('');
      expect(await start()).toMatchObject({ exit: 0, stdout: 'hello' });
    });

    const start = () => bootstrap({}, 'start.ts');
    const builds = () =>
      existsSync(join(root, 'build.log')) ? readFileSync(join(root, 'build.log'), 'utf8').length : 0;

    /** What the real one leaves behind, without Vite. */
    function stubBuild(body: string): void {
      write(
        'scripts/build-page.ts',
        `import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
        appendFileSync('build.log', 'x');
        ${body}
        mkdirSync('packages/peer/dist/web', { recursive: true });
        writeFileSync('packages/peer/dist/web/.sources', process.argv[2]);`,
      );
    }
  });

  it('says in both languages that npm does not reach its registry, and gives its lock back', async () => {
    stubNpm("process.stderr.write('npm error code ENOTFOUND'); process.exit(1);");
    const english = await bootstrap();
    expect(english).toMatchObject({
      exit: 1,
      stdout: '',
      stderr: expect.stringContaining('does not reach its registry'),
    });
    const chinese = await bootstrap({ LANG: 'zh_CN.UTF-8' });
    expect(chinese).toMatchObject({ exit: 1, stderr: expect.stringContaining('npm 连接不到软件源') });
    expect(existsSync(join(root, '.magpie-setup.tmp'))).toBe(false);
  });

  function install(packages: Packages): void {
    for (const path of Object.keys(packages)) mkdirSync(join(root, path), { recursive: true });
    write('node_modules/.package-lock.json', JSON.stringify({ packages }));
  }

  /** A program in the place of npm that notes each call. */
  function stubNpm(body: string): void {
    const note = "fs.appendFileSync('npm.log', process.argv.slice(2).join(' ') + '\\n');";
    writeFileSync(npm, `const fs = require('node:fs');\n${note}\n${body}`);
  }

  function npmRuns(): readonly string[] {
    const log = join(root, 'npm.log');
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  }

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  function bootstrap(env: NodeJS.ProcessEnv = {}, script = 'hello.mjs'): Promise<Ended> {
    return run([join(root, 'scripts', 'bootstrap.mjs'), join('scripts', script)], { npm_execpath: npm, ...env });
  }
});

describe('the launchers', () => {
  it.each(['packages/server/bin/magpie-server.mjs', 'packages/peer/bin/magpie.mjs'])(
    '%s says in both languages that no Node fits',
    async (path) => {
      const folder = mkdtempSync(join(tmpdir(), 'magpie-launcher-'));
      const text = readFileSync(join(project, path), 'utf8');
      const launcher = join(folder, 'launcher.mjs');
      const never = text.replace('NODE_FIT = [24, 19]', 'NODE_FIT = [999, 0]');
      expect(never).not.toBe(text);
      writeFileSync(launcher, never);
      const needed = /Node\.js 999\.0 (or newer|或更新版本)/;
      const english = await run([launcher], {});
      expect(english).toMatchObject({ exit: 1, stdout: '', stderr: expect.stringMatching(needed) });
      const chinese = await run([launcher], { LC_ALL: 'zh_CN.UTF-8' });
      expect(chinese).toMatchObject({ exit: 1, stdout: '', stderr: expect.stringMatching(needed) });
      expect([english.stderr, chinese.stderr].map((shown) => shown.includes('安装'))).toEqual([false, true]);
      rmSync(folder, { recursive: true });
    },
  );
});

interface Ended {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(words: readonly string[], env: NodeJS.ProcessEnv): Promise<Ended> {
  const plain = { PATH: process.env.PATH, HOME: process.env.HOME, LANG: 'C' };
  const child = spawn(process.execPath, words, { env: { ...plain, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part) => {
    stdout += String(part);
  });
  child.stderr.on('data', (part) => {
    stderr += String(part);
  });
  return new Promise((resolve) => {
    child.on('close', (exit) => resolve({ exit, stdout, stderr }));
  });
}
