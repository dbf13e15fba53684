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

export interface Judgement {
  readonly violations: readonly Violation[];
  /** Elements that one rule is not asked about, see `HANDS_ON`. */
  readonly excluded: number;
}

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary: string }[];
  }[];
  readonly excluded: number;
}

/**
 * Empty spans that Base UI puts around a menu, so that Tab leaves it to where it belongs: they hand the focus on in the
 * very event in which they get it. The ACT rule that axe follows (6cfa84) does not mean elements that lose the focus by
 * themselves, but axe sees only that they could have it. That none of them keeps it is judged by the keyboard walk.
 */
const HANDS_ON = { rule: 'aria-hidden-focus', node: 'span[data-base-ui-focus-guard]:empty' } as const;

const RUN = `(async () => {
  const options = { runOnly: { type: 'tag', values: ${JSON.stringify(TAGS)} }, resultTypes: ['violations'], elementRef: true };
  const { violations } = await axe.run(document, options);
  let excluded = 0;
  const isMeant = ({ id }) => ({ element }) => {
    const handsOn = id === '${HANDS_ON.rule}' && element.matches('${HANDS_ON.node}');
    if (handsOn) excluded += 1;
    return !handsOn;
  };
  const meant = violations.map((violation) => ({ ...violation, nodes: violation.nodes.filter(isMeant(violation)) }));
  return {
    violations: meant.filter(({ nodes }) => nodes.length > 0).map(({ id, help, nodes }) =>
      ({ id, help, nodes: nodes.map(({ target, failureSummary }) => ({ target, failureSummary })) })),
    excluded,
  };
})()`;

/** axe-core in the page itself. It is given by the debugger, which no content security policy binds: the page keeps its own. */
export async function judgeByAxe(page: Page): Promise<Judgement> {
  if (!(await page.evaluate<boolean>('globalThis.axe !== undefined'))) await page.evaluate(source);
  const { violations, excluded } = await page.evaluate<AxeResult>(RUN);
  return {
    violations: violations.map(({ id, help, nodes }) => ({
      rule: id,
      help,
      where: nodes.slice(0, 4).map((node) => `${String(node.target)}: ${node.failureSummary.replaceAll('\n', ' ')}`),
    })),
    excluded,
  };
}
