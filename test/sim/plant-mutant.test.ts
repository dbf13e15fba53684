import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MUTANTS } from './mutants.ts';
import { plantLine } from './plant-mutant.ts';

const here = dirname(fileURLToPath(import.meta.url));

describe('planted bugs', () => {
  it('replaces the one line, whatever its indentation', () => {
    expect(plantLine('a\n  b;\nc', { line: 'b;', replacement: 'x;' })).toBe('a\nx;\nc');
  });

  it.each(['no line', 'twice\ntwice'])('refuses a line that does not match exactly once', (source) => {
    expect(() => plantLine(source, { line: 'twice', replacement: '' })).toThrow(/matches [02] times/);
  });

  it('changes what a program loads, and nothing on disk', () => {
    const folder = mkdtempSync(join(tmpdir(), 'magpie-mutant-'));
    try {
      const toy = join(folder, 'toy.ts');
      writeFileSync(toy, 'export function answer(): number {\n  return 42;\n}\n');
      const main = join(folder, 'main.ts');
      writeFileSync(
        main,
        `import { plantMutant } from ${JSON.stringify(join(here, 'plant-mutant.ts'))};
         const loaded = plantMutant(${JSON.stringify([{ file: toy, line: 'return 42;', replacement: 'return 41;' }])});
         const before = loaded();
         const { answer } = await import(${JSON.stringify(toy)});
         process.stdout.write(JSON.stringify([before, answer(), loaded()]));`,
      );
      const output = execFileSync(process.execPath, [main], { encoding: 'utf8' });
      expect(JSON.parse(output)).toEqual([false, 41, true]);
      expect(readFileSync(toy, 'utf8')).toContain('return 42;');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it.each(MUTANTS.flatMap(({ name, plants }) => plants.map((planted) => ({ name, planted }))))(
    '$name still fits its source',
    ({ planted }) => {
      const source = readFileSync(planted.file, 'utf8');
      expect(plantLine(source, planted)).not.toBe(source);
    },
  );
});
