// Everything that needs no root: types, lint, then each test under vitest, whose summary comes last.
import { join } from 'node:path';
import { ROOT, runLastStep, runStep, toolPath } from './tools.ts';

if (runStep(join(ROOT, 'scripts', 'check.ts'), ['--no-architecture']) !== 0) process.exit(1);
process.exitCode = await runLastStep(toolPath('vitest', 'vitest'), ['run', ...process.argv.slice(2)]);
