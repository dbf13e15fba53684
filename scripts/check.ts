// Types, lint and format, and the architecture's import rules. `--write` formats and applies the safe fixes.
import { runStep, toolPath } from './tools.ts';

const write = process.argv.includes('--write');

const steps: readonly { readonly name: string; readonly run: () => number }[] = [
  { name: 'types', run: () => runStep(toolPath('typescript', 'tsc'), ['-p', '.']) },
  { name: 'types of the page', run: () => runStep(toolPath('typescript', 'tsc'), ['-p', 'packages/peer/web']) },
  {
    name: 'lint and format',
    run: () =>
      runStep(toolPath('@biomejs/biome', 'biome'), ['check', '--error-on-warnings', ...(write ? ['--write'] : [])]),
  },
  {
    name: 'architecture',
    run: () => runStep(toolPath('vitest', 'vitest'), ['run', '--silent=true', 'test/architecture.test.ts']),
  },
];

/** `--no-architecture`: the caller runs the architecture test itself, with all the others. */
const chosen = steps.filter((step) => step.name !== 'architecture' || !process.argv.includes('--no-architecture'));
for (const step of chosen) {
  process.stderr.write(`check: ${step.name}\n`);
  if (step.run() !== 0) {
    process.stderr.write(`check: ${step.name} FAILED\n`);
    process.exit(1);
  }
}
process.stderr.write(`check: ${chosen.map((step) => step.name).join(', ')} passed\n`);
