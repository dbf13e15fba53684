import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** The file behind a command of an installed package, to be run by this very Node (no shell, any platform). */
export function toolPath(packageName: string, command: string): string {
  const folder = join(ROOT, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    readonly bin: string | Readonly<Record<string, string>>;
  };
  const file = typeof bin === 'string' ? bin : bin[command];
  if (file === undefined) throw new Error(`${packageName} has no command ${command}`);
  return join(folder, file);
}

/** Runs one step with inherited output. @returns its exit code, 1 when a signal ended it */
export function runStep(script: string, stepArguments: readonly string[]): number {
  const result = spawnSync(process.execPath, [script, ...stepArguments], { cwd: ROOT, stdio: 'inherit' });
  return result.status ?? 1;
}

/** Like `runStep`, without blocking signals: Ctrl-C reaches the step, which then decides. */
export function runLastStep(script: string, stepArguments: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...stepArguments], { cwd: ROOT, stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}
