import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PlantedLine } from './plant-mutant.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export interface Mutant extends PlantedLine {
  readonly name: string;
  /** What is broken. */
  readonly what: string;
  /** The scenarios of which one must turn red within the seeds allowed. */
  readonly scenarios: readonly string[];
}

/** Each must be caught within this many seeds of its scenarios (design section 9). */
export const MUTANT_SEEDS_MAX = 50;

export const MUTANTS: readonly Mutant[] = [];

export function mutantNamed(name: string): Mutant | undefined {
  return MUTANTS.find((mutant) => mutant.name === name);
}

export function sourcePath(path: string): string {
  return join(root, path);
}
