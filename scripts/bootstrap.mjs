// Runs on any Node >= 18: brings the libraries in when the lock file asks for it, builds the page for the commands that
// show it, then hands over to a Node that can run the sources as they are. Usage: node scripts/bootstrap.mjs SCRIPT [ARGUMENT...]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { librariesMatch } from './installed-libraries.mjs';
import { hashOfSources, isPageBuilt } from './page-sources.mjs';
import { withSetupLock } from './setup-lock.mjs';

/** The first Node 24 whose type stripping, registerHooks and crypto are all the sources need. */
const NODE_FIT = [24, 19];
/** Commands that show the page: it is built first when its sources have changed. */
const SCRIPTS_WITH_PAGE = ['start.ts', 'test.ts', 'e2e.ts'];
/** Builds it in any case; told what it is built from, it leaves that hash beside the page. */
const BUILD_SCRIPT = join('scripts', 'build-page.ts');
const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampPath = join(root, 'node_modules', '.magpie-lock');
/** Ends in .tmp, which git ignores; not in node_modules, which `npm ci` deletes. */
const setupLockPath = join(root, '.magpie-setup.tmp');

/** Ends the set-up; thrown so that its lock is given back first. */
class SetupFailure extends Error {
  sentences;

  constructor(english, chinese) {
    super(english);
    this.sentences = [english, chinese];
  }
}

const [script, ...scriptArguments] = process.argv.slice(2);
if (script === undefined) {
  const usage = 'node scripts/bootstrap.mjs SCRIPT [ARGUMENT...]';
  fail(`usage: ${usage}`, `用法：${usage}`);
}
installLibraries();
const node = findNode();
if (basename(script) === basename(BUILD_SCRIPT)) {
  alone(buildPage);
  process.exit(0);
}
if (SCRIPTS_WITH_PAGE.includes(basename(script))) bringPage();
handOver();

function installLibraries() {
  const lockHash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (!isStamped(lockHash)) alone(() => installUnlessThere(lockHash));
}

/** The page of these very sources: a daemon serves what lies in packages/peer/dist/web. */
function bringPage() {
  if (isPageBuilt(root)) return;
  alone(() => {
    if (!isPageBuilt(root)) buildPage();
  });
}

function buildPage() {
  say(
    'Building the page (after each change of its sources, a few seconds) …',
    '正在构建网页（源代码变化后进行，几秒钟）……',
  );
  // The hash comes first: what changes under the build is built the next time.
  const words = [join(root, BUILD_SCRIPT), hashOfSources(root)];
  const built = spawnSync(node, words, { cwd: root, stdio: ['ignore', 'ignore', 2] });
  if (built.status === 0) return;
  throw new SetupFailure('The page could not be built; the reason is above.', '无法构建网页，原因见上。');
}

/** One set-up at a time in this folder. */
function alone(task) {
  const onWait = () =>
    say(
      `Another set-up is at work here; waiting for it (its lock: ${setupLockPath}) …`,
      `另一个安装过程正在进行，等待其完成（锁文件：${setupLockPath}）……`,
    );
  try {
    withSetupLock(setupLockPath, task, onWait);
  } catch (cause) {
    if (cause instanceof SetupFailure) fail(...cause.sentences);
    if (cause.code === undefined) throw cause;
    fail(...explainWrite(cause.message));
  }
}

/**
 * `npm ci` deletes node_modules first, under programs that may be running from it; so it is left alone when it already
 * holds what the lock file says, whoever installed it.
 */
function installUnlessThere(lockHash) {
  if (isStamped(lockHash)) return;
  if (!librariesMatch(root)) runNpm();
  mkdirSync(dirname(stampPath), { recursive: true });
  writeFileSync(stampPath, `${lockHash}\n`);
}

function isStamped(lockHash) {
  return existsSync(stampPath) && readFileSync(stampPath, 'utf8').trim() === lockHash;
}

function runNpm() {
  say(
    'Setting up: installing the libraries named in package-lock.json (once, under a minute) …',
    '正在准备：安装 package-lock.json 中列出的依赖（仅首次，不到一分钟）……',
  );
  const npm = npmCommand();
  const install = spawnSync(
    npm.file,
    [...npm.arguments, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', shell: npm.shell },
  );
  if (install.error) {
    const { message } = install.error;
    throw new SetupFailure(
      `npm could not be started (${message}). Install Node.js, which brings npm.`,
      `无法启动 npm（${message}）。请安装 Node.js，它自带 npm。`,
    );
  }
  if (install.status !== 0) throw new SetupFailure(...explainNpm(install.stderr ?? ''));
}

/** Under `npm run` the very npm that runs us; else the one on the PATH. */
function npmCommand() {
  const cli = process.env.npm_execpath;
  if (cli !== undefined && /npm-cli\.c?js$/.test(cli) && existsSync(cli)) {
    return { file: process.execPath, arguments: [cli], shell: false };
  }
  return { file: 'npm', arguments: [], shell: process.platform === 'win32' };
}

function explainNpm(stderr) {
  const tail = stderr.trim().split('\n').slice(-12).join('\n');
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ENOTCACHED|network/i.test(stderr)) {
    return [
      `${tail}\nThe libraries could not be downloaded: npm does not reach its registry. Connect to the network (or set npm's registry or proxy) and run the command again; afterwards no network is needed.`,
      `${tail}\n无法下载依赖：npm 连接不到软件源。请连接网络（或设置 npm 的软件源或代理）后重新运行该命令；之后不再需要网络。`,
    ];
  }
  if (/EACCES|EPERM|EROFS|ENOSPC/.test(stderr)) return explainWrite(tail);
  return [`${tail}\n"npm ci" failed; its last lines are above.`, `${tail}\n“npm ci”失败，以上是它最后的输出。`];
}

function explainWrite(detail) {
  const folder = join(root, 'node_modules');
  return [
    `${detail}\nThe libraries could not be written to ${folder}: check its owner and the free space, then run the command again.`,
    `${detail}\n无法将依赖写入 ${folder}：请检查其属主和剩余空间，然后重新运行该命令。`,
  ];
}

function findNode() {
  const candidates = [process.execPath, ...packagedNodes(), 'node'];
  for (const candidate of candidates) {
    if (versionFits(candidate)) return candidate;
  }
  const wanted = NODE_FIT.join('.');
  const found = `${process.version}, ${process.platform}-${process.arch}`;
  return fail(
    `Magpie needs Node.js ${wanted} or newer (this is ${found}, and no packaged one fits): install it from https://nodejs.org and run the command again.`,
    `Magpie 需要 Node.js ${wanted} 或更新版本（当前为 ${found}，且没有合适的内置版本）：请从 https://nodejs.org 安装后重新运行该命令。`,
  );
}

function packagedNodes() {
  const require = createRequire(join(root, 'package.json'));
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  try {
    const folder = dirname(require.resolve(`node-${platform}-${process.arch}/package.json`));
    return [join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')];
  } catch {
    return [];
  }
}

function versionFits(executable) {
  const text =
    executable === process.execPath && existsSync(executable)
      ? process.version
      : (spawnSync(executable, ['--version'], { encoding: 'utf8' }).stdout ?? '');
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(text) ?? [];
  if (major === undefined) return false;
  return Number(major) > NODE_FIT[0] || (Number(major) === NODE_FIT[0] && Number(minor) >= NODE_FIT[1]);
}

function handOver() {
  const path = node === 'node' ? process.env.PATH : `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`;
  const child = spawn(node, [join(root, script), ...scriptArguments], {
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => child.kill(signal));
  child.on('error', (error) =>
    fail(`${node} could not be started: ${error.message}`, `无法启动 ${node}：${error.message}`),
  );
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}

function fail(english, chinese) {
  say(english, chinese);
  process.exit(1);
}

/** The catalogue is TypeScript, which this Node may not read: the few sentences of the set-up stand here. */
function say(english, chinese) {
  const { MAGPIE_LANG, LC_ALL, LC_MESSAGES, LANG } = process.env;
  const isChinese = /^zh([-_.@]|$)/i.test(MAGPIE_LANG || LC_ALL || LC_MESSAGES || LANG || '');
  process.stderr.write(`${isChinese ? chinese : english}\n`);
}
