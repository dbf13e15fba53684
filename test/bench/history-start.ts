import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../packages/peer/bin/magpie.mjs', import.meta.url));

/** The real daemon of a profile, by the launcher that people use: from the start of its process to the line that says it is ready; then it is stopped. */
export async function daemonStartMs(folder: string): Promise<number> {
  const words = [PROGRAM, '--profile', folder, '--json', 'daemon', 'run', '--no-udp'];
  const startedMs = performance.now();
  // Code compiled before is kept, as for every user, but not in the folder of whoever measures.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') };
  const daemon = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const exited = once(daemon, 'exit');
  let line = '';
  for await (const bytes of daemon.stdout.iterator({ destroyOnReturn: false })) {
    line += String(bytes);
    if (line.includes('\n')) break;
  }
  const tookMs = performance.now() - startedMs;
  daemon.stdout.resume();
  daemon.kill('SIGTERM');
  await exited;
  if (!line.startsWith('{"ok":true')) throw new Error(`the daemon did not start: ${line}`);
  return tookMs;
}
