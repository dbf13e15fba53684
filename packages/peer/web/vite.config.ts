import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Sentences that only the command line says: a quarter of all words, and nothing for the page. */
const TERMINAL_WORDS = ['api', 'column', 'help', 'hint', 'input', 'option', 'prompt', 'topic', 'usage'] as const;

/** Everything comes from the daemon itself and obeys its content security policy: no inline code, no data: URLs. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/',
  plugins: [react(), withoutTerminalWords(), fetchedAhead()],
  build: {
    outDir: fileURLToPath(new URL('../dist/web', import.meta.url)),
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 900,
    // Two programs for the first look: the one that reaches the daemon, and the one that shows what it says.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'reach', tags: ['$initial'], priority: 2 },
            { name: 'show-page', test: /[\\/]show-page\.tsx$/, priority: 1 },
          ],
        },
      },
    },
  },
});

/** Leaves them out of the catalogues that the page loads, and ends the build when the page says one after all. */
function withoutTerminalWords(): Plugin {
  const catalogue = /\/i18n\/locales\/[\w-]+\.json$/;
  const said = new RegExp(`\\bt\\(\\s*['"\`](?:${TERMINAL_WORDS.join('|')})\\.`);
  return {
    name: 'without-terminal-words',
    enforce: 'pre',
    transform(code, id) {
      if (id.includes('/web/src/') && said.test(code)) this.error(`${id} says a sentence of the command line`);
      if (!catalogue.test(id)) return null;
      const kept = Object.entries(JSON.parse(code) as Record<string, string>).filter(
        ([key]) => !TERMINAL_WORDS.some((word) => key.startsWith(`${word}.`)),
      );
      return { code: JSON.stringify(Object.fromEntries(kept)), map: null };
    },
  };
}

/** The browser fetches the program that shows the page before the one that asks for it has begun. */
function fetchedAhead(): Plugin {
  return {
    name: 'fetched-ahead',
    transformIndexHtml: {
      order: 'post',
      handler: (_html, { bundle = {} }) => {
        const chunks = Object.values(bundle).filter((each) => each.type === 'chunk');
        const withImports = (chunk: (typeof chunks)[number] | undefined) =>
          chunk ? [chunk, ...chunks.filter(({ fileName }) => chunk.imports.includes(fileName))] : [];
        const known = new Set(withImports(chunks.find(({ isEntry }) => isEntry)));
        const page = withImports(
          chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith('/src/show-page.tsx'))),
        );
        if (page.length === 0) throw new Error('the program that shows the page is no part of its own');
        const ahead = page.filter((chunk) => !known.has(chunk));
        return ahead.flatMap(({ fileName, viteMetadata }) => [
          link('modulepreload', fileName),
          ...[...(viteMetadata?.importedCss ?? [])].map((name) => link('stylesheet', name)),
        ]);
      },
    },
  };
}

function link(rel: 'modulepreload' | 'stylesheet', name: string) {
  return { tag: 'link', attrs: { rel, crossorigin: true, href: `/${name}` }, injectTo: 'head' as const };
}
