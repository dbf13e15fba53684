import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../packages/peer/src/main.ts', import.meta.url));

/** The real daemon of a profile: from the start of its process to the line that says it is ready; then it is stopped. */
export async function daemonStartMs(folder: string): Promise<number> {
  const words = [PROGRAM, '--profile', folder, '--json', 'daemon', 'run', '--no-udp'];
  const startedMs = performance.now();
  const daemon = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
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
