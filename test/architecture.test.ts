import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  FILE_LINES_MAX,
  FOLDER_NAMES_REFUSED,
  GENERATED,
  IMPORT_RULES,
  type ImportRule,
  type SourceFile,
  TEXT_RULES,
  type TextRule,
  TOP_LEVEL,
} from './architecture-rules.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const sources = ['packages', 'scripts', 'test'].flatMap((folder) => sourcesUnder(folder));

describe('the architecture (design section 4)', () => {
  it.each(IMPORT_RULES)('$id: imports point where they may', (rule) => {
    expect(sources.flatMap((file) => brokenImports(rule, file))).toEqual([]);
  });

  it.each(TEXT_RULES)('$id: the code keeps to it', (rule) => {
    expect(sources.flatMap((file) => brokenText(rule, file))).toEqual([]);
  });

  it('has exactly the top level of design section 4', () => {
    const entries = readdirSync(root).filter((name) => !name.startsWith('.') && !GENERATED.has(name));
    expect(entries.filter((name) => !TOP_LEVEL.has(name))).toEqual([]);
  });

  it('names folders after concepts, never after kinds', () => {
    const folders = new Set(sources.flatMap((file) => dirname(file.path).split('/')));
    expect([...folders].filter((name) => FOLDER_NAMES_REFUSED.has(name))).toEqual([]);
  });

  it(`keeps every file of the product within ${FILE_LINES_MAX} lines`, () => {
    const long = sources
      .filter((file) => file.path.startsWith('packages/') && !file.path.endsWith('.test.ts'))
      .map((file) => ({ path: file.path, lines: file.text.split('\n').length }))
      .filter((file) => file.lines > FILE_LINES_MAX);
    expect(long).toEqual([]);
  });
});

describe('the rules themselves', () => {
  it.each(IMPORT_RULES)('$id catches a planted violation', (rule) => {
    expect(brokenImports(rule, rule.planted)).toHaveLength(1);
  });

  it.each(TEXT_RULES)('$id catches a planted violation', (rule) => {
    expect(brokenText(rule, rule.planted)).toHaveLength(1);
  });

  it('sees imports of every form, and none in comments or strings', () => {
    const text = [
      "import a from './a.ts';",
      "import { b,\n  type C } from './b.ts';",
      "import type { D } from './d.ts';",
      "export * from './e.ts';",
      "const f = await import('./f.ts');",
      "import './g.ts';",
      "// import h from './h.ts';",
      'const i = "import i from \'./i.ts\'";',
    ].join('\n');
    expect(importsOf({ path: 'packages/common/src/x.ts', text }).map((i) => [i.target.slice(-4), i.typeOnly])).toEqual([
      ['a.ts', false],
      ['b.ts', false],
      ['d.ts', true],
      ['e.ts', false],
      ['f.ts', false],
      ['g.ts', false],
    ]);
  });

  it('reads no violation out of comments and strings', () => {
    const text = "// Date is not used\nconst name = 'Date';\n/* setTimeout */";
    expect(brokenText(TEXT_RULES[0]!, { path: 'packages/peer/src/path/a.ts', text })).toEqual([]);
  });

  it('sees imports in the page, beside markup and quotes in it', () => {
    const text = [
      "import { A } from './a.tsx';",
      'const b = <p title="it\'s">{`don\'t`}</p>;',
      "import './c.css';",
    ].join('\n');
    const found = importsOf({ path: 'packages/peer/web/src/chat/x.tsx', text });
    expect(found.map((each) => each.target)).toEqual([
      'packages/peer/web/src/chat/a.tsx',
      'packages/peer/web/src/chat/c.css',
    ]);
  });

  it('lets pure code ask whether a text is an IP address', () => {
    const rule = IMPORT_RULES.find((r) => r.id === 'pure-code-touches-no-world')!;
    const file = { path: 'packages/peer/src/path/a.ts', text: "import { isIP } from 'node:net';" };
    expect(brokenImports(rule, file)).toEqual([]);
    expect(brokenImports(rule, { ...file, text: "import { connect, isIP } from 'node:net';" })).toHaveLength(1);
  });
});

function brokenImports(rule: ImportRule, file: SourceFile): string[] {
  if (!rule.from.test(file.path) || rule.except?.test(file.path)) return [];
  return importsOf(file)
    .filter((found) => rule.mayNotImport.test(found.target) && !rule.butMayImport?.test(found.target))
    .filter((found) => !(rule.typesAllowed && found.typeOnly))
    .filter((found) => !(found.target === 'node:net' && found.names.every((name) => PURE_NET.has(name))))
    .map((found) => `${file.path} imports ${found.target}: ${rule.because}`);
}

function brokenText(rule: TextRule, file: SourceFile): string[] {
  if (!rule.from.test(file.path) || rule.except?.test(file.path)) return [];
  const found = rule.mayNotContain.exec(bareCode(file.text).code);
  return found ? [`${file.path} has "${found[0].trim()}": ${rule.because}`] : [];
}

/** Pure functions over texts that happen to live in node:net. */
const PURE_NET = new Set(['isIP', 'isIPv4', 'isIPv6', 'BlockList']);

interface Import {
  readonly target: string;
  readonly names: readonly string[];
  readonly typeOnly: boolean;
}

const IMPORT_PATTERN =
  /\b(?:import|export)\s+(type\s+)?((?:[\w$]+\s*,?\s*)?(?:\*(?:\s+as\s+[\w$]+)?|\{[^}]*\})?)\s*from\s*§(\d+)§|\bimport\s*\(?\s*§(\d+)§/g;

function importsOf(file: SourceFile): Import[] {
  const { code, strings } = bareCode(file.text);
  return [...code.matchAll(IMPORT_PATTERN)].map((match) => {
    const clause = match[2] ?? '';
    const names = [...clause.matchAll(/(type\s+)?([\w$]+)(?:\s+as\s+[\w$]+)?/g)].map((n) => (n[1] ? '' : n[2]!));
    const specifier = strings[Number(match[3] ?? match[4])] ?? '';
    return {
      target: resolveSpecifier(file.path, specifier),
      names: names.filter((name) => name !== ''),
      typeOnly: match[1] !== undefined || (names.length > 0 && names.every((name) => name === '')),
    };
  });
}

function resolveSpecifier(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  const own = /^@magpie\/([a-z]+)\/(.*)$/.exec(specifier);
  return own ? `packages/${own[1]}/src/${own[2]}` : specifier;
}

/** The code with comments blanked and each string replaced by `§index§`. Good enough for our own formatted sources. */
function bareCode(text: string): { readonly code: string; readonly strings: readonly string[] } {
  const strings: string[] = [];
  const pattern =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|(?<=[=(,:!&|?{}\n;]\s*)\/(?![/*\s])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g;
  const code = text.replace(pattern, (whole, single: string | undefined, double: string | undefined) => {
    if (whole.startsWith('//') || whole.startsWith('/*')) return whole.replace(/[^\n]/g, ' ');
    if (whole.startsWith('/')) return 'REGEXP';
    strings.push(single ?? double ?? '');
    return `§${strings.length - 1}§`;
  });
  return { code, strings };
}

function sourcesUnder(folder: string): SourceFile[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(tsx?|mjs)$/.test(entry.name))
    .map((entry) =>
      posix.join(
        ...join(entry.parentPath, entry.name)
          .slice(root.length + 1)
          .split(/[\\/]/),
      ),
    )
    .filter((path) => !/node_modules\/|\/dist\//.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}
