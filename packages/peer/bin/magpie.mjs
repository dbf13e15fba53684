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
    process.stderr.write(
      `magpie: Node.js ${NODE_FIT.join('.')} or newer is needed (this is ${process.version} on ${process.platform}-${process.arch}, and no packaged one fits): run npm install in the project, or install Node.js from https://nodejs.org.\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`magpie: ${node} could not be started: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
