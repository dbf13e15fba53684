import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

/** One bug: this line of this file, which must exist exactly once, becomes another. */
export interface PlantedLine {
  /** Absolute path. */
  readonly file: string;
  /** The line, without its indentation. */
  readonly line: string;
  readonly replacement: string;
}

/** @returns the source with the line replaced. Throws unless it matches exactly once */
export function plantLine(source: string, planted: Pick<PlantedLine, 'line' | 'replacement'>): string {
  const lines = source.split('\n');
  const matches = lines.flatMap((line, index) => (line.trim() === planted.line ? [index] : []));
  if (matches.length !== 1) throw new Error(`the line to replace matches ${matches.length} times: ${planted.line}`);
  lines[matches[0]!] = planted.replacement;
  return lines.join('\n');
}

/**
 * Makes this process load the files with the bug in them. The product's sources hold no branch for tests.
 * @param plants one line each, of different files
 * @returns whether all files have been loaded so far: a mutant that is never loaded proves nothing
 */
export function plantMutant(plants: readonly PlantedLine[]): () => boolean {
  const waiting = new Map(plants.map((planted) => [pathToFileURL(planted.file).href, planted]));
  const loaded = new Set<string>();
  registerHooks({
    load(url, context, nextLoad) {
      const result = nextLoad(url, context);
      const planted = waiting.get(url);
      if (!planted) return result;
      loaded.add(url);
      return { ...result, source: plantLine(Buffer.from(result.source as Uint8Array).toString('utf8'), planted) };
    },
  });
  return () => loaded.size === waiting.size;
}
