import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Sentences that only the command line says: a quarter of all words, and nothing for the page. */
const TERMINAL_WORDS = ['api', 'column', 'help', 'hint', 'input', 'option', 'prompt', 'topic', 'usage'] as const;

/** Everything comes from the daemon itself and obeys its content security policy: no inline code, no data: URLs. */
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/',
  plugins: [react(), withoutTerminalWords()],
  build: {
    outDir: fileURLToPath(new URL('../dist/web', import.meta.url)),
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    chunkSizeWarningLimit: 900,
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
