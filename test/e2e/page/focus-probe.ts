import type { Page } from 'playwright-core';

/**
 * What has the focus, and whether one sees it: a ring of two pixels in the accent of the tokens, on the element or on what
 * stands for it (the frame of a field, the bubble of a row), with nothing over it.
 */
const FOCUS = `(() => {
  const element = document.activeElement;
  globalThis.stops ??= new Map();
  if (!element || element === document.body) return { stop: 0, name: '', seen: true };
  // Around a menu, to hand the focus on: nobody stays there.
  if (element.hasAttribute('data-base-ui-focus-guard')) return { stop: -1, name: 'a focus guard', seen: false };
  if (!stops.has(element)) stops.set(element, stops.size + 1);
  const label = element.labels?.[0]?.textContent ?? '';
  const name = element.getAttribute('aria-label') ?? (label || element.textContent || element.placeholder || '');
  const probe = document.body.appendChild(document.createElement('i'));
  probe.style.color = 'var(--accent)';
  const accent = getComputedStyle(probe).color;
  probe.remove();
  const isRing = (each) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(each);
    return !['none', 'hidden'].includes(outlineStyle) && parseFloat(outlineWidth) >= 2 && outlineColor === accent;
  };
  // A field is one with its frame: a border in the accent, and a halo.
  const isFrame = (each) => {
    const { borderTopColor, borderTopStyle, boxShadow } = getComputedStyle(each);
    return borderTopStyle === 'solid' && borderTopColor === accent && / [23]px( |$)/.test(boxShadow);
  };
  const { parentElement } = element;
  const bubble = element.matches('[data-row]') ? element.querySelector('[data-bubble]') : null;
  const rings = [element, parentElement, bubble].some((each) => each && isRing(each)) || (parentElement !== null && isFrame(parentElement));
  const box = element.getBoundingClientRect();
  const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const covered = box.width > 1 && over !== null && !element.contains(over) && !over.contains(element);
  // Where a new screen puts the focus so that it is read out is no stop of the Tab key.
  const isStop = element.tabIndex >= 0 || element.matches('[role^="menuitem"]');
  return { stop: stops.get(element), name: name.trim(), seen: !isStop || ((rings || box.width <= 1) && !covered) };
})()`;

export interface Focus {
  /** The same for the same element; 0: nothing has the focus; -1: an element that should have handed it on. */
  readonly stop: number;
  readonly name: string;
  readonly seen: boolean;
}

/** Colours come in steps: what is not seen at once is looked at again when it has them. */
const STEPS_MS = 250;

export async function focusOf(page: Page): Promise<Focus> {
  const focus = await page.evaluate<Focus>(FOCUS);
  if (focus.seen) return focus;
  await page.waitForTimeout(STEPS_MS);
  return page.evaluate(FOCUS);
}
