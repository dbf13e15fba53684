#!/usr/bin/env node
// Plain JavaScript for any Node >= 18: finds a Node that can run the sources as they are, then runs src/main.ts.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { constants, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** Type stripping without a warning, and argon2, ML-KEM and registerHooks in the standard library. */
const NODE_FIT = [24, 19];
const main = join(dirname(dirname(fileURLToPath(import.meta.url))), 'src', 'main.ts');

// Compiled code is kept in a folder of the user's own, which makes a short command three times as quick. The variable
// hands the same folder to the daemon that a command may start.
process.env.NODE_COMPILE_CACHE ??= join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'magpie', 'node');

if (fits(process.versions.node)) {
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  await import(pathToFileURL(main).href);
} else {
  handOver(packagedNode());
}

function fits(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > NODE_FIT[0] || (major === NODE_FIT[0] && minor >= NODE_FIT[1]);
}

/** The Node that npm installed beside the libraries, when there is one for this machine. */
function packagedNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  try {
    const folder = dirname(createRequire(main).resolve(`node-${platform}-${process.arch}/package.json`));
    const file = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    if (!existsSync(file)) return undefined;
    const answer = spawnSync(file, ['--version'], { encoding: 'utf8' });
    return answer.status === 0 && fits(answer.stdout.trim().slice(1)) ? file : undefined;
  } catch {
    return undefined;
  }
}

function handOver(node) {
  if (node === undefined) {
    const wanted = NODE_FIT.join('.');
    const found = `${process.version}, ${process.platform}-${process.arch}`;
    fail(
      `magpie: Node.js ${wanted} or newer is needed (this is ${found}, and no packaged one fits): run npm install in the project, or install Node.js from https://nodejs.org.`,
      `magpie：需要 Node.js ${wanted} 或更新版本（当前为 ${found}，且没有合适的内置版本）：请在项目文件夹中执行 npm install，或从 https://nodejs.org 安装 Node.js。`,
    );
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    fail(`magpie: ${node} could not be started: ${error.message}`, `magpie：无法启动 ${node}：${error.message}`);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

/** The catalogue is TypeScript, which this Node may not read: the few sentences of a launcher stand here. */
function fail(english, chinese) {
  const { MAGPIE_LANG, LC_ALL, LC_MESSAGES, LANG } = process.env;
  const isChinese = /^zh([-_.@]|$)/i.test(MAGPIE_LANG || LC_ALL || LC_MESSAGES || LANG || '');
  process.stderr.write(`${isChinese ? chinese : english}\n`);
  process.exit(1);
}
