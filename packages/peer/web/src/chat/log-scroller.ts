/** The end counts as reached so close to it: fractions of pixels and zoom are not "scrolled up". */
const END_PX = 4;
/** Pages are fetched when fewer than so many screens are left, so that nobody waits at an edge. */
const EDGE_SCREENS = 1.5;
/** Where a row that was asked for comes to stand, as a share of the height. */
const TARGET_SHARE = 0.35;
const DIVIDER_SHARE = 0.2;
/** So much of a row must be in view before it counts as seen; a shorter one wholly. */
const SEEN_PX = 48;

export interface LogScrollerEvents {
  readonly onNearStart: () => void;
  readonly onNearEnd: () => void;
  /** The newest rows are fetched, however far away; then `rowsChanged` with `atEnd`. */
  readonly onWantsEnd: () => void;
  readonly onFollowing: (following: boolean) => void;
  /** A row that was asked for is in view now. */
  readonly onTarget: (id: string) => void;
  /** Anything that may have brought other rows into view. */
  readonly onMoved: () => void;
}

/** Where a log was left, to go on there: `row` undefined is the end. */
export interface LeftPlace {
  readonly row: string | undefined;
  /** Of the row, in pixels from the top of the log. */
  readonly top: number;
  readonly shownTarget: number | undefined;
}

export interface LogPlace {
  readonly atEnd: boolean;
  /** The row before which the unread line stands. */
  readonly divider: string | undefined;
  /** A row to bring into view and how often it was asked for. */
  readonly target: { readonly id: string; readonly asked: number } | undefined;
  readonly hasRows: boolean;
}

/**
 * The only writer of a log's `scrollTop` besides the browser's own scroll anchoring. At the end it stays at the end,
 * also when a row grows late; anywhere else what one reads stays where it is.
 *
 * Before rows change call `rememberAnchor`, after it `rowsChanged`. Rows carry `data-row` with their id.
 */
export class LogScroller {
  readonly #events: LogScrollerEvents;
  #scroller: HTMLElement | undefined;
  #content: HTMLElement | undefined;
  #sizes: ResizeObserver | undefined;
  readonly #left: LeftPlace | undefined;
  #place: LogPlace = { atEnd: false, divider: undefined, target: undefined, hasRows: false };
  #placed = false;
  #following = true;
  #wantsEnd = false;
  #shownTarget: number | undefined;
  /** Somebody has scrolled up, and the browser tells of it only with its next frame. */
  #leavesEnd = false;
  #anchor: { readonly element: HTMLElement; readonly top: number } | undefined;
  #last = { top: 0, height: 0, screen: 0 };

  /** @param left where the same log was left, when it was only covered by something else for a while */
  constructor(events: LogScrollerEvents, left?: LeftPlace) {
    this.#events = events;
    this.#left = left;
    this.#shownTarget = left?.shownTarget;
  }

  leave(): LeftPlace {
    this.rememberAnchor();
    const row = this.#following && !this.#leavesEnd ? undefined : this.#anchor?.element.dataset.row;
    return { row, top: this.#anchor?.top ?? 0, shownTarget: this.#shownTarget };
  }

  attach(scroller: HTMLElement, content: HTMLElement): void {
    this.detach();
    this.#scroller = scroller;
    this.#content = content;
    scroller.addEventListener('scroll', this.#onScroll, { passive: true });
    this.#sizes = new ResizeObserver(() => this.#onSizes());
    this.#sizes.observe(scroller);
    this.#sizes.observe(content);
  }

  detach(): void {
    this.#scroller?.removeEventListener('scroll', this.#onScroll);
    this.#sizes?.disconnect();
    this.#scroller = undefined;
    this.#content = undefined;
  }

  rememberAnchor(): void {
    const scroller = this.#scroller;
    if (!scroller) return;
    const element = this.#firstInView();
    this.#anchor = element && { element, top: topIn(scroller, element) };
    this.#leavesEnd = this.#placed && this.#isScrolledUp(scroller);
  }

  rowsChanged(place: LogPlace): void {
    const scroller = this.#scroller;
    if (!scroller) return;
    this.#place = place;
    if (!place.hasRows) return;
    const isFirst = !this.#placed;
    if (this.#leavesEnd) this.#setFollowing(false);
    this.#leavesEnd = false;
    if (this.#wantsEnd && place.atEnd) {
      this.#wantsEnd = false;
      this.#pin();
    } else if (!this.#placed) this.#placeFirst();
    else if (this.#following && place.atEnd) this.#pin();
    else this.#keepAnchor(scroller);
    this.#showTarget(isFirst);
    this.#settle();
  }

  /** To the newest row, for certain. */
  toEnd(): void {
    if (this.#place.atEnd) this.#pin();
    else {
      this.#wantsEnd = true;
      this.#events.onWantsEnd();
    }
    this.#settle();
  }

  /** One screen up or down, with a bit of the last one left. */
  turnPage(direction: -1 | 1): void {
    const scroller = this.#scroller;
    scroller?.scrollBy({ top: direction * scroller.clientHeight * 0.85 });
  }

  /** @returns false when there is no such row here */
  toRow(id: string, share = TARGET_SHARE): boolean {
    const scroller = this.#scroller;
    const element = this.#row(id);
    if (!scroller || !element) return false;
    const room = Math.max(0, scroller.clientHeight - element.offsetHeight);
    this.#scrollTo(element.offsetTop - Math.min(room, scroller.clientHeight * share));
    this.#settle();
    return true;
  }

  /** Where the unread messages begin; false when nothing marks it. */
  toDivider(): boolean {
    const line = this.#divider();
    if (!line) return false;
    this.#scrollToDivider(line);
    this.#settle();
    return true;
  }

  /** The row furthest down that a person has in view. */
  lastSeen(): HTMLElement | undefined {
    const rows = this.#content?.children;
    if (!rows) return undefined;
    const after = firstIndex(rows, (element) => !this.#isReached(element));
    for (let index = after - 1; index >= 0; index--) {
      const element = rows[index] as HTMLElement;
      if (element.dataset.row !== undefined) return element;
    }
    return undefined;
  }

  /** Whether the view reaches this row, or goes on behind it. */
  isSeen(id: string): boolean {
    const element = this.#row(id);
    return element !== undefined && this.#isReached(element);
  }

  get following(): boolean {
    return this.#following;
  }

  readonly #onScroll = (): void => {
    const scroller = this.#scroller;
    if (!scroller) return;
    if (this.#fromEnd() <= END_PX) this.#setFollowing(this.#place.atEnd);
    else if (this.#isScrolledUp(scroller)) this.#setFollowing(false);
    this.#settle();
  };

  #onSizes(): void {
    if (this.#placed && this.#following && this.#place.atEnd) this.#pin();
    this.#settle();
  }

  #placeFirst(): void {
    this.#placed = true;
    const left = this.#left;
    const leftRow = left?.row === undefined ? undefined : this.#row(left.row);
    const line = this.#divider();
    if (left && leftRow) this.#scrollTo(leftRow.offsetTop - left.top);
    else if (!left && line) this.#scrollToDivider(line);
    else this.#pin();
  }

  #scrollToDivider(line: HTMLElement): void {
    this.#scrollTo(line.offsetTop - this.#scroller!.clientHeight * DIVIDER_SHARE);
  }

  /** Somewhere on purpose: followed again only if that happens to be the end. */
  #scrollTo(top: number): void {
    this.#scroller!.scrollTop = top;
    this.#setFollowing(this.#place.atEnd && this.#fromEnd() <= END_PX);
  }

  #divider(): HTMLElement | undefined {
    return this.#content?.querySelector<HTMLElement>('[data-divider]') ?? undefined;
  }

  #showTarget(isFirst: boolean): void {
    const { target, divider } = this.#place;
    if (!target || target.asked === this.#shownTarget) return;
    const line = this.#divider();
    // A conversation opens at the beginning of what is unread: with its line, and nothing that stands out by itself.
    if (isFirst && target.id === divider && line) this.#scrollToDivider(line);
    else if (this.toRow(target.id)) this.#events.onTarget(target.id);
    else return;
    this.#shownTarget = target.asked;
  }

  #keepAnchor(scroller: HTMLElement): void {
    if (!this.#anchor?.element.isConnected) return;
    const moved = topIn(scroller, this.#anchor.element) - this.#anchor.top;
    if (moved !== 0) scroller.scrollTop += moved;
  }

  #pin(): void {
    const scroller = this.#scroller;
    if (!scroller) return;
    scroller.scrollTop = scroller.scrollHeight;
    this.#placed = true;
    this.#setFollowing(true);
  }

  /** Notes where things are, and fetches what is nearly in view. */
  #settle(): void {
    const scroller = this.#scroller;
    if (!scroller || !this.#placed) return;
    const { scrollTop, scrollHeight, clientHeight } = scroller;
    this.#last = { top: scrollTop, height: scrollHeight, screen: clientHeight };
    if (clientHeight > 0) {
      // Also where nothing can scroll: who sees the newest row is at the end, however they came there.
      if (this.#place.atEnd && this.#fromEnd() <= END_PX) this.#setFollowing(true);
      if (scrollTop < clientHeight * EDGE_SCREENS) this.#events.onNearStart();
      if (!this.#place.atEnd && this.#fromEnd() < clientHeight * EDGE_SCREENS) this.#events.onNearEnd();
    }
    this.#events.onMoved();
  }

  #setFollowing(following: boolean): void {
    if (following === this.#following) return;
    this.#following = following;
    this.#events.onFollowing(following);
  }

  /** A change of height moves things too; only a move upwards within the same heights is a person's. */
  #isScrolledUp({ scrollTop, scrollHeight, clientHeight }: HTMLElement): boolean {
    const { top, height, screen } = this.#last;
    return scrollHeight === height && clientHeight === screen && scrollTop < top - 1 && this.#fromEnd() > END_PX;
  }

  #fromEnd(): number {
    const scroller = this.#scroller!;
    return scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
  }

  #isReached({ offsetTop, offsetHeight }: HTMLElement): boolean {
    const scroller = this.#scroller;
    if (!scroller) return false;
    return offsetTop + Math.min(offsetHeight, SEEN_PX) <= scroller.scrollTop + scroller.clientHeight + END_PX;
  }

  #row(id: string): HTMLElement | undefined {
    return this.#content?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`) ?? undefined;
  }

  #firstInView(): HTMLElement | undefined {
    const rows = this.#content?.children;
    if (!rows) return undefined;
    const top = this.#scroller!.scrollTop;
    const from = firstIndex(rows, (element) => element.offsetTop + element.offsetHeight > top);
    // Lines between messages come and go with the page before them; only a message is something to hold on to.
    for (let index = from; index < rows.length; index++) {
      const element = rows[index] as HTMLElement;
      if (element.dataset.row !== undefined) return element;
    }
    return undefined;
  }
}

/** Where a row stands in the log's window, with the fractions that offsets leave out. */
function topIn(scroller: HTMLElement, element: HTMLElement): number {
  return element.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
}

/** Rows stand in order, so the first for which something holds is found by halving. */
function firstIndex(rows: HTMLCollection, holds: (element: HTMLElement) => boolean): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(rows[middle] as HTMLElement)) high = middle;
    else low = middle + 1;
  }
  return low;
}
