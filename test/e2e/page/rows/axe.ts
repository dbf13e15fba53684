import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

/** WCAG 2.2 A and AA, and what axe calls good practice. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface Violation {
  readonly rule: string;
  readonly help: string;
  /** Of the elements, the first few. */
  readonly where: readonly string[];
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary: string }[];
  }[];
}

/** axe-core in the page itself. It is given by the debugger, which no content security policy binds: the page keeps its own. */
export async function axeViolations(page: Page): Promise<readonly Violation[]> {
  if (!(await page.evaluate<boolean>('globalThis.axe !== undefined'))) await page.evaluate(source);
  const options = { runOnly: { type: 'tag', values: TAGS }, resultTypes: ['violations'], elementRef: false };
  const { violations } = await page.evaluate<AxeResult>(`axe.run(document, ${JSON.stringify(options)})`);
  return violations.map(({ id, help, nodes }) => ({
    rule: id,
    help,
    where: nodes.slice(0, 4).map((node) => `${String(node.target)}: ${node.failureSummary.replaceAll('\n', ' ')}`),
  }));
}
