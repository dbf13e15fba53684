// Builds the page into packages/peer/dist/web. It takes the place of the one before as a whole: a daemon that serves
// the page meanwhile never finds half of it. Usage: build-page.ts [HASH]; the hash of its sources, from bootstrap.mjs,
// is left in the folder, so that the page is built again only when they have changed.
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { build } from 'vite';
import { ROOT } from './tools.ts';

const [hash] = process.argv.slice(2);
const folder = join(ROOT, 'packages', 'peer', 'dist', 'web');
const fresh = `${folder}.${process.pid}.new`;
const old = `${folder}.${process.pid}.old`;

try {
  await build({
    configFile: join(ROOT, 'packages', 'peer', 'web', 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: fresh },
  });
  if (hash !== undefined) writeFileSync(join(fresh, '.sources'), `${hash}\n`);
  if (existsSync(folder)) renameSync(folder, old);
  renameSync(fresh, folder);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  removeLeftovers();
}

/** Also those of builds that were ended: there is one at a time. */
function removeLeftovers(): void {
  for (const name of existsSync(dirname(folder)) ? readdirSync(dirname(folder)) : []) {
    const isLeft = name.startsWith(`${basename(folder)}.`) && /\.(new|old)$/.test(name);
    if (isLeft) rmSync(join(dirname(folder), name), { recursive: true, force: true });
  }
}
