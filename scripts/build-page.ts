// Builds the page into packages/peer/dist/web.
import { join } from 'node:path';
import { build } from 'vite';
import { ROOT } from './tools.ts';

await build({ configFile: join(ROOT, 'packages', 'peer', 'web', 'vite.config.ts'), logLevel: 'warn' });
