import { type KeyboardEvent, type RefObject, useCallback, useRef, useState } from 'react';

const TYPE_AHEAD_MS = 700;
const PAGE_ROWS = 8;

export interface Roving {
  /** The row that the Tab key reaches. */
  readonly activeId: string | undefined;
  readonly listProps: {
    readonly ref: RefObject<HTMLDivElement | null>;
    readonly onKeyDown: (event: KeyboardEvent) => void;
    readonly onFocus: (event: { readonly target: EventTarget }) => void;
  };
}

export interface RovingOptions {
  readonly ids: readonly string[];
  /** What typing letters finds. */
  readonly nameOf: (id: string) => string;
  /** Brings a row that may not be rendered into view. */
  readonly reveal?: (index: number) => void;
  /** Left and right arrows. */
  readonly onFold?: (id: string, fold: boolean) => void;
}

/**
 * One stop of the Tab key for a whole list; arrows, Home, End and the first letters of a name move within it. Rows carry
 * `data-row={id}`.
 */
export function useRoving(options: RovingOptions): Roving {
  const { ids } = options;
  const ref = useRef<HTMLDivElement>(null);
  const typed = useRef({ text: '', atMs: 0 });
  const latest = useRef(options);
  latest.current = options;
  const [chosen, setChosen] = useState<string>();
  const activeId = chosen !== undefined && ids.includes(chosen) ? chosen : ids[0];

  const focusRow = useCallback((index: number) => {
    const id = latest.current.ids[index];
    if (id === undefined) return;
    setChosen(id);
    latest.current.reveal?.(index);
    // A row out of sight is rendered first.
    requestAnimationFrame(() => requestAnimationFrame(() => rowOf(ref.current, id)?.focus()));
    rowOf(ref.current, id)?.focus();
  }, []);

  const onKeyDown = useCallback(
    (event: KeyboardEvent) => {
      const here = idOf(event.target);
      if (here === undefined || event.ctrlKey || event.altKey || event.metaKey || event.nativeEvent.isComposing) return;
      const { ids: rows, onFold } = latest.current;
      const index = rows.indexOf(here);
      const to = targetOf(event.key, index, rows.length);
      if (to !== undefined) {
        take(event);
        focusRow(to);
      } else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
        take(event);
        onFold?.(here, event.key === 'ArrowLeft');
      } else if (isLetter(event.key)) {
        take(event);
        const stale = event.timeStamp - typed.current.atMs > TYPE_AHEAD_MS;
        typed.current = { text: (stale ? '' : typed.current.text) + event.key, atMs: event.timeStamp };
        const found = nextByName(latest.current, index, typed.current.text);
        if (found !== undefined) focusRow(found);
      }
    },
    [focusRow],
  );

  const onFocus = useCallback(({ target }: { readonly target: EventTarget }) => {
    const id = idOf(target);
    if (id !== undefined) setChosen(id);
  }, []);

  return { activeId, listProps: { ref, onKeyDown, onFocus } };
}

/** What a list takes is nobody else's: typing elsewhere goes to the composer. */
function take(event: KeyboardEvent): void {
  event.preventDefault();
  event.stopPropagation();
}

function isLetter(key: string): boolean {
  return /^[\p{L}\p{N}]$/u.test(key);
}

function targetOf(key: string, index: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return Math.min(count - 1, index + 1);
    case 'ArrowUp':
      return Math.max(0, index - 1);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    case 'PageDown':
      return Math.min(count - 1, index + PAGE_ROWS);
    case 'PageUp':
      return Math.max(0, index - PAGE_ROWS);
    default:
      return undefined;
  }
}

/** The next row from here whose name begins so; the same letter again goes on to the next one. */
function nextByName({ ids, nameOf }: RovingOptions, from: number, text: string): number | undefined {
  const repeated = [...text].every((letter) => letter === text[0]);
  const wanted = (repeated ? text[0]! : text).toLocaleLowerCase();
  const first = repeated ? from + 1 : from;
  for (let step = 0; step < ids.length; step += 1) {
    const index = (first + step) % ids.length;
    if (nameOf(ids[index]!).toLocaleLowerCase().startsWith(wanted)) return index;
  }
  return undefined;
}

function idOf(target: EventTarget): string | undefined {
  return target instanceof HTMLElement ? target.closest<HTMLElement>('[data-row]')?.dataset.row : undefined;
}

function rowOf(list: HTMLElement | null, id: string): HTMLElement | null | undefined {
  return list?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`);
}
