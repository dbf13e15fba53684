// Runs on any Node >= 18: brings the libraries in when the lock file asks for it, then hands over to a Node that can
// run the sources as they are. Usage: node scripts/bootstrap.mjs SCRIPT [ARGUMENT...]
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The first Node 24 whose type stripping, registerHooks and crypto are all the sources need. */
const NODE_FIT = [24, 19];
const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampPath = join(root, 'node_modules', '.magpie-lock');

const [script, ...scriptArguments] = process.argv.slice(2);
if (script === undefined) fail('usage: node scripts/bootstrap.mjs SCRIPT [ARGUMENT...]');
installLibraries();
handOver(findNode());

function installLibraries() {
  const lockHash = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8').trim() === lockHash) return;

  process.stderr.write('Setting up: installing the libraries named in package-lock.json (once, under a minute) …\n');
  const npm = npmCommand();
  const install = spawnSync(
    npm.file,
    [...npm.arguments, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', shell: npm.shell },
  );
  if (install.error) fail(`npm could not be started (${install.error.message}). Install Node.js, which brings npm.`);
  if (install.status !== 0) fail(explainNpm(install.stderr ?? ''));
  mkdirSync(dirname(stampPath), { recursive: true });
  writeFileSync(stampPath, `${lockHash}\n`);
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
    return `${tail}\nThe libraries could not be downloaded: npm does not reach its registry. Connect to the network (or set npm's registry or proxy) and run the command again; afterwards no network is needed.`;
  }
  if (/EACCES|EPERM|EROFS|ENOSPC/.test(stderr)) {
    return `${tail}\nThe libraries could not be written to ${join(root, 'node_modules')}: check its owner and the free space, then run the command again.`;
  }
  return `${tail}\n"npm ci" failed; its last lines are above.`;
}

function findNode() {
  const candidates = [process.execPath, ...packagedNodes(), 'node'];
  for (const candidate of candidates) {
    if (versionFits(candidate)) return candidate;
  }
  return fail(
    `Magpie needs Node.js ${NODE_FIT.join('.')} or newer (this is ${process.version} on ${process.platform}-${process.arch}, and no packaged one fits): install it from https://nodejs.org and run the command again.`,
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

function handOver(node) {
  const path = node === 'node' ? process.env.PATH : `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`;
  const child = spawn(node, [join(root, script), ...scriptArguments], {
    stdio: 'inherit',
    env: { ...process.env, PATH: path },
  });
  for (const signal of FORWARDED_SIGNALS) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(`${node} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
