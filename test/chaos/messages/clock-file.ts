import { writeFileSync } from 'node:fs';

/** For a program whose wall clock is set by a file (stepped-clock.ts). */
export function clockEnv(file: string): Readonly<Record<string, string>> {
  writeFileSync(file, '0');
  return { NODE_OPTIONS: `--import ${new URL('stepped-clock.ts', import.meta.url).href}`, CHAOS_CLOCK_FILE: file };
}

/** @param aheadMs how far ahead of the machine's the wall clock is from now on */
export function setClock(file: string, aheadMs: number): void {
  writeFileSync(file, String(aheadMs));
}
