#!/usr/bin/env node
// Runs on any Node >= 18: finds a Node that can run the sources as they are, and runs src/main.ts with it.
import { spawn, spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The first Node 24 whose type stripping and crypto are all that the sources need. */
const NODE_FIT = [24, 19];

const here = realpathSync(fileURLToPath(import.meta.url));
const main = join(dirname(dirname(here)), 'src', 'main.ts');

if (fits(process.version)) await import(pathToFileURL(main).href);
else handOver(findNode());

function findNode() {
  for (const candidate of [...packagedNodes(), 'node']) {
    if (fits(spawnSync(candidate, ['--version'], { encoding: 'utf8' }).stdout ?? '')) return candidate;
  }
  const wanted = NODE_FIT.join('.');
  const found = `${process.version}, ${process.platform}-${process.arch}`;
  return fail(
    `magpie-server needs Node.js ${wanted} or newer (this is ${found}): install it from https://nodejs.org, or run "npm install" in the project, which brings one.`,
    `magpie-server 需要 Node.js ${wanted} 或更新版本（当前为 ${found}）：请从 https://nodejs.org 安装，或在项目文件夹中执行 npm install，它会带来合适的版本。`,
  );
}

/** The Node that npm installed beside us: root optionalDependencies that carry the program and no script. */
function packagedNodes() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  try {
    const folder = dirname(createRequire(here).resolve(`node-${platform}-${process.arch}/package.json`));
    return [join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')];
  } catch {
    return [];
  }
}

function fits(version) {
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version) ?? [];
  if (major === undefined) return false;
  return Number(major) > NODE_FIT[0] || (Number(major) === NODE_FIT[0] && Number(minor) >= NODE_FIT[1]);
}

function handOver(node) {
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    fail(`${node} could not be started: ${error.message}`, `无法启动 ${node}：${error.message}`);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

/** The catalogue is TypeScript, which this Node may not read: the few sentences of a launcher stand here. */
function fail(english, chinese) {
  const { MAGPIE_LANG, LC_ALL, LC_MESSAGES, LANG } = process.env;
  const isChinese = /^zh([-_.@]|$)/i.test(MAGPIE_LANG || LC_ALL || LC_MESSAGES || LANG || '');
  process.stderr.write(`${isChinese ? chinese : english}\n`);
  return process.exit(1);
}
