import type { Page } from 'playwright-core';

/** What is run in the page to look at the log: plain script, since it stands on the page's side. */
const PROBE = `globalThis.logProbe = {
  rows: () => [...document.querySelectorAll('main ol [data-row]')],
  scroller() {
    for (let element = document.querySelector('main ol'); element; element = element.parentElement) {
      if (/auto|scroll/.test(getComputedStyle(element).overflowY)) return element;
    }
    throw new Error('the log does not scroll');
  },
  frames: (count) => new Promise((resolve) => {
    const next = (left) => (left === 0 ? resolve() : requestAnimationFrame(() => next(left - 1)));
    next(count);
  }),
  inView() {
    const { top, bottom } = this.scroller().getBoundingClientRect();
    return this.rows().find((row) => {
      const box = row.getBoundingClientRect();
      return box.top >= top && box.bottom <= bottom;
    });
  },
  fromEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller();
    return scrollHeight - scrollTop - clientHeight;
  },
  /** The row that gets the focus is drawn again at once, and the browser tells of scrolling with its next frame. */
  async fromEndAfterScrollAndFocus(up) {
    this.scroller().scrollTop -= up;
    this.rows().at(-2).focus({ preventScroll: true });
    await this.frames(6);
    return this.fromEnd();
  },
  /** Scrolls to a place where older rows are fetched, and follows one row until they are there. */
  async driftOnPrepend(scrollTop, atMostMs) {
    const scroller = this.scroller();
    scroller.scrollTop = scrollTop;
    await this.frames(1);
    const row = this.inView();
    const first = this.rows()[0];
    const before = row.getBoundingClientRect().top;
    let worst = 0;
    for (const endAt = performance.now() + atMostMs; performance.now() < endAt; ) {
      await this.frames(1);
      worst = Math.max(worst, Math.abs(row.getBoundingClientRect().top - before));
      if (this.rows()[0] !== first) break;
    }
    if (this.rows()[0] === first) return { prepended: false, worst };
    await this.frames(6);
    return { prepended: true, worst: Math.max(worst, Math.abs(row.getBoundingClientRect().top - before)) };
  },
  /** A picture comes late into the place kept for it above what is read, and another one below it grows by its height. */
  async driftOnLateImage() {
    const row = this.inView();
    const all = this.rows();
    const at = all.indexOf(row);
    const bubbleOf = (each) => each?.querySelector('[data-bubble]') ?? undefined;
    const above = all.slice(0, at).map(bubbleOf).findLast((each) => each !== undefined);
    const below = all.slice(at + 6).map(bubbleOf).find((each) => each !== undefined);
    if (!above || !below) return { filled: false, worst: 0 };
    const image = () => Object.assign(document.createElement('canvas'), { width: 200, height: 160 });
    const place = above.appendChild(document.createElement('div'));
    Object.assign(place.style, { height: '160px', width: '200px' });
    await this.frames(6);
    const before = row.getBoundingClientRect().top;
    let worst = 0;
    place.append(image());
    below.append(image());
    for (let frame = 0; frame < 12; frame++) {
      await this.frames(1);
      worst = Math.max(worst, Math.abs(row.getBoundingClientRect().top - before));
    }
    return { filled: true, worst };
  },
}; undefined`;

interface Drift {
  readonly prepended: boolean;
  /** CSS pixels by which the row that was in view has moved at most, in any frame. */
  readonly worst: number;
}

/** The log of the conversation that is open in a page. */
export class LogProbe {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async in(page: Page): Promise<LogProbe> {
    await page.evaluate(PROBE);
    return new LogProbe(page);
  }

  rowCount(): Promise<number> {
    return this.#page.evaluate('logProbe.rows().length');
  }

  /** CSS pixels between what is shown and the end. */
  fromEnd(): Promise<number> {
    return this.#page.evaluate('logProbe.fromEnd()');
  }

  async scrollTo(top: number): Promise<void> {
    await this.#page.evaluate(`logProbe.scroller().scrollTop = ${top}; logProbe.frames(3)`);
  }

  async scrollToEnd(): Promise<void> {
    await this.#page.evaluate('logProbe.scroller().scrollTop = 1e9; logProbe.frames(3)');
  }

  /** As a wheel does it, away from the end. */
  async scrollUpBy(px: number): Promise<void> {
    await this.#page.evaluate(`logProbe.scroller().scrollTop -= ${px}; logProbe.frames(3)`);
  }

  fromEndAfterScrollAndFocus(up: number): Promise<number> {
    return this.#page.evaluate(`logProbe.fromEndAfterScrollAndFocus(${up})`);
  }

  driftOnPrepend(scrollTop: number): Promise<Drift> {
    return this.#page.evaluate(`logProbe.driftOnPrepend(${scrollTop}, 3000)`);
  }

  driftOnLateImage(): Promise<{ readonly filled: boolean; readonly worst: number }> {
    return this.#page.evaluate('logProbe.driftOnLateImage()');
  }

  /** Id of a row that is wholly in view, and where it stands, in CSS pixels from the top of the window. */
  rowInView(): Promise<{ readonly id: string; readonly top: number }> {
    return this.#page.evaluate(`(() => {
      const row = logProbe.inView();
      return { id: row.dataset.row, top: row.getBoundingClientRect().top };
    })()`);
  }

  topOf(id: string): Promise<number> {
    return this.#page.evaluate(`document.querySelector('main ol [data-row="${id}"]').getBoundingClientRect().top`);
  }

  /** Ids of the rows there are, oldest first. */
  ids(): Promise<readonly string[]> {
    return this.#page.evaluate('logProbe.rows().map((row) => row.dataset.row)');
  }
}
