import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { Conversation } from '@magpie/common/view/view-state.ts';
import { ArrowDown } from 'lucide-react';
import {
  Component,
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  type ReactElement,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { useView, useViewModel } from '../connection/view.tsx';
import { useText } from '../text/text.tsx';
import { useChatActions } from './chat-actions.ts';
import { logItems, newestOwn, rowIds } from './log-items.ts';
import { LogLines } from './log-lines.tsx';
import { type LeftPlace, type LogPlace, LogScroller } from './log-scroller.ts';
import styles from './message-log.module.css';
import { rowById } from './quote.tsx';
import { ReadCursor } from './read-cursor.ts';

/** How long a row that was jumped to stands out. */
const FLASH_MS = 1_600;

export interface LogHandle {
  toEnd(): void;
  /** Where the unread messages begin; false when nothing marks it. */
  toUnread(): boolean;
  toRow(id: string): boolean;
  turnPage(direction: -1 | 1): void;
  /** The row the Tab key reaches. */
  focus(): void;
}

/** The conversation itself: plain rows in a list, one of them the stop of the Tab key, and always where one left it. */
export function MessageLog({
  chat,
  who,
  conversation,
  held,
  ref,
}: {
  readonly chat: string;
  readonly who: string;
  readonly conversation: Conversation;
  /** A row whose tools stay while something stands beside them. */
  readonly held: string | undefined;
  readonly ref: Ref<LogHandle>;
}): ReactElement {
  const { t } = useText();
  const self = useView((state) => state.account?.id ?? '');
  const { rows, pending, divider, target } = conversation;
  const items = useMemo(() => logItems(rows, pending, divider, chat, self), [rows, pending, divider, chat, self]);
  const ids = useMemo(() => rowIds(items), [items]);
  const place: LogPlace = { atEnd: conversation.atEnd, divider, target, hasRows: items.length > 0 };
  const { scroller, scrollerRef, contentRef, following, flash } = useScroller(chat, conversation, place);
  const [chosen, setChosen] = useState<string>();
  const [hot, setHot] = useState<string>();
  const active = chosen !== undefined && ids.includes(chosen) ? chosen : ids.at(-1);

  const focusRow = useCallback(
    (id: string | undefined) => {
      if (id === undefined) return;
      const row = contentRef.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`);
      row?.focus({ preventScroll: true });
      row?.scrollIntoView({ block: 'nearest' });
    },
    [contentRef],
  );
  useImperativeHandle(
    ref,
    () => ({
      toEnd: () => scroller.toEnd(),
      toUnread: () => scroller.toDivider(),
      toRow: (id) => scroller.toRow(id),
      turnPage: (direction) => scroller.turnPage(direction),
      focus: () => focusRow(active),
    }),
    [scroller, focusRow, active],
  );
  const handlers = useRowHandlers(ids, rows, focusRow, setHot);

  return (
    <div className={styles.frame}>
      <section ref={scrollerRef} className={styles.scroller} aria-label={t('chat.log', { who })}>
        <ol
          ref={contentRef}
          className={styles.rows}
          onFocus={(event) => {
            const id = rowIdOf(event.target);
            if (id === undefined) return;
            setChosen(id);
            setHot(id);
          }}
          {...handlers}
        >
          <LogLines
            items={items}
            who={who}
            active={active}
            hot={hot}
            held={held}
            flash={flash}
            newest={newestOwn(items)}
            atStart={conversation.atStart}
            loadingOlder={conversation.loading === 'older'}
          />
        </ol>
      </section>
      <BeforeCommit scroller={scroller} place={place} />
      {!(following && conversation.atEnd) && items.length > 0 && (
        <button type="button" className={styles.pill} onClick={() => scroller.toEnd()}>
          <ArrowDown size={16} aria-hidden="true" />
          {conversation.newBelow > 0 ? t('chat.jump-new', { count: conversation.newBelow }) : t('chat.jump')}
        </button>
      )}
    </div>
  );
}

interface ScrollerState {
  readonly scroller: LogScroller;
  readonly scrollerRef: React.RefObject<HTMLElement | null>;
  readonly contentRef: React.RefObject<HTMLOListElement | null>;
  readonly following: boolean;
  readonly flash: string | undefined;
}

/** The log that was covered (by the settings, by the search) while its conversation stayed open. */
let covered: { readonly chat: string; readonly place: LeftPlace } | undefined;

/** The owner of the scroll position, tied to the view model: pages, following, and what was read. */
function useScroller(chat: string, conversation: Conversation, place: LogPlace): ScrollerState {
  const view = useViewModel();
  const scrollerRef = useRef<HTMLElement>(null);
  const contentRef = useRef<HTMLOListElement>(null);
  const latest = useRef(conversation);
  latest.current = conversation;
  const latestPlace = useRef(place);
  latestPlace.current = place;
  const [following, setFollowing] = useState(true);
  const [flash, setFlash] = useFlash();
  const unread = useView((state) => state.contacts.get(chat)?.unread ?? 0);

  const { scroller, cursor } = useMemo(() => {
    const lastSeen = (): string | undefined => {
      let row: Element | null | undefined = owner.lastSeen();
      while (row instanceof HTMLElement && row.dataset.direction !== 'in') row = row.previousElementSibling;
      return row instanceof HTMLElement ? row.dataset.row : undefined;
    };
    const seen = { lastSeen, isSeen: (id: string) => owner.isSeen(id) };
    const read = new ReadCursor(seen, (id) => view.markRead(chat, id));
    const isFree = () => latest.current.loading === 'none' && latest.current.error === undefined;
    const events = {
      onNearStart: () => !latest.current.atStart && isFree() && view.loadOlder(chat),
      onNearEnd: () => !latest.current.atEnd && isFree() && view.loadNewer(chat),
      onWantsEnd: () => view.jumpToEnd(chat),
      onFollowing: (now: boolean) => {
        setFollowing(now);
        view.setFollowing(chat, now);
      },
      onTarget: setFlash,
      onMoved: () => read.look(),
    };
    const owner = new LogScroller(events, covered?.chat === chat ? covered.place : undefined);
    return { scroller: owner, cursor: read };
  }, [view, chat, setFlash]);

  useLayoutEffect(() => {
    if (scrollerRef.current && contentRef.current) scroller.attach(scrollerRef.current, contentRef.current);
    scroller.rowsChanged(latestPlace.current);
    view.setFollowing(chat, scroller.following);
    return () => {
      covered = view.store.getState().openChat === chat ? { chat, place: scroller.leave() } : undefined;
      scroller.detach();
    };
  }, [scroller, view, chat]);
  useEffect(() => {
    cursor.start();
    return () => cursor.stop();
  }, [cursor]);
  useEffect(() => {
    if (unread > 0) cursor.lookAgain();
  }, [cursor, unread]);
  return { scroller, scrollerRef, contentRef, following, flash };
}

/** Its two hooks are the only ones that React calls right before and right after it changes rows. */
class BeforeCommit extends Component<{ readonly scroller: LogScroller; readonly place: LogPlace }> {
  override getSnapshotBeforeUpdate(): null {
    this.props.scroller.rememberAnchor();
    return null;
  }
  override componentDidUpdate(): void {
    this.props.scroller.rowsChanged(this.props.place);
  }
  override render(): null {
    return null;
  }
}

function useFlash(): readonly [string | undefined, (id: string | undefined) => void] {
  const [flash, setFlash] = useState<string>();
  useEffect(() => {
    if (flash === undefined) return;
    const timer = setTimeout(() => setFlash(undefined), FLASH_MS);
    return () => clearTimeout(timer);
  }, [flash]);
  return [flash, setFlash];
}

function useRowHandlers(
  ids: readonly string[],
  rows: readonly MessageJson[],
  focusRow: (id: string | undefined) => void,
  setHot: (id: string | undefined) => void,
) {
  const actions = useChatActions();
  const openMenu = (id: string, anchor: Parameters<typeof actions.openMenu>[1]): boolean => {
    const message = rowById(rows, id);
    if (message && message.kind !== 'system') actions.openMenu(message, anchor);
    return message !== undefined;
  };
  return {
    onPointerOver: (event: PointerEvent) => setHot(rowIdOf(event.target)),
    onPointerLeave: () => setHot(undefined),
    onContextMenu: (event: MouseEvent) => {
      const id = rowIdOf(event.target);
      const isText = event.target instanceof Element && event.target.closest('a') !== null;
      if (id === undefined || isText || !document.getSelection()?.isCollapsed) return;
      const byKeyboard = event.clientX === 0 && event.clientY === 0;
      const at = new DOMRect(event.clientX, event.clientY, 0, 0);
      const row =
        event.target instanceof Element ? event.target.closest('[data-row]')?.querySelector('[data-bubble]') : null;
      if (openMenu(id, byKeyboard && row ? row : { getBoundingClientRect: () => at })) event.preventDefault();
    },
    onKeyDown: (event: KeyboardEvent) => {
      const id = rowIdOf(event.target);
      if (id === undefined || !isRow(event.target) || event.altKey || event.ctrlKey || event.metaKey) return;
      const index = ids.indexOf(id);
      const next = stepOf(event.key, index, ids.length);
      if (next !== undefined) focusRow(ids[Math.max(0, Math.min(ids.length - 1, next))]);
      else if (event.key === 'Enter' || event.key === ' ') {
        openMenu(id, (event.target as Element).querySelector('[data-bubble]') ?? (event.target as Element));
      } else return;
      event.preventDefault();
    },
  };
}

function stepOf(key: string, index: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowUp':
      return index - 1;
    case 'ArrowDown':
      return index + 1;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return undefined;
  }
}

function rowIdOf(target: EventTarget): string | undefined {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-row]') : null;
  return row?.dataset.row;
}

function isRow(target: EventTarget): boolean {
  return target instanceof HTMLElement && target.dataset.row !== undefined;
}
