import { type KeyboardEvent, type ReactElement, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { lookForRenewal } from '../connection/renewal.ts';
import { useText } from '../text/text.tsx';
import styles from './emoji.module.css';
import { EMOJI_GROUPS, type Emoji, loadEmoji, searchEmoji } from './emoji-data.ts';
import { noteEmoji, recentEmoji } from './emoji-recents.ts';

/** What is shown of a search; more would not be looked at. */
const FOUND_MAX = 160;

interface Section {
  readonly key: string;
  readonly title: string;
  readonly emoji: readonly Emoji[];
}

/** Emoji by group, with those used last on top, or by a search in the page's language. Arrows move within the grid. */
export function EmojiPanel({
  onPick,
}: {
  /** @param more Shift was held: another one follows */
  readonly onPick: (emoji: string, more: boolean) => void;
}): ReactElement {
  const { t, language } = useText();
  const [all, setAll] = useState<readonly Emoji[] | 'failed'>();
  const [query, setQuery] = useState('');
  const [group, setGroup] = useState<string>();
  const asked = useDeferredValue(query.trim());
  const grid = useRef<HTMLDivElement>(null);
  const [recents] = useState(recentEmoji);

  useEffect(() => {
    let current = true;
    loadEmoji(language).then(
      (loaded) => current && setAll(loaded),
      () => {
        void lookForRenewal();
        if (current) setAll('failed');
      },
    );
    return () => {
      current = false;
    };
  }, [language]);

  const sections = useMemo((): readonly Section[] => {
    if (!all || all === 'failed') return [];
    if (asked !== '') {
      const found = searchEmoji(all, asked).slice(0, FOUND_MAX);
      return [{ key: 'found', title: t('chat.emoji-found', { count: found.length }), emoji: found }];
    }
    if (group !== undefined) {
      const emoji = all.filter((each) => String(each.group) === group);
      return [{ key: group, title: t(groupKey(group)), emoji }];
    }
    const byEmoji = new Map(all.map((each) => [each.emoji, each]));
    const used = recents.flatMap((each) => byEmoji.get(each) ?? []);
    const first = all.filter((each) => each.group === 0);
    return [
      ...(used.length > 0 ? [{ key: 'recent', title: t('chat.emoji-recent'), emoji: used }] : []),
      { key: '0', title: t(groupKey('0')), emoji: first },
    ];
  }, [all, asked, group, recents, t]);

  const pick = (emoji: string, more: boolean) => {
    noteEmoji(emoji);
    onPick(emoji, more);
  };
  return (
    <div className={styles.panel}>
      <input
        className={styles.search}
        type="search"
        aria-label={t('chat.emoji-search')}
        placeholder={t('chat.emoji-search')}
        value={query}
        onChange={(event) => setQuery(event.target.value)}
        onKeyDown={(event) => {
          if (event.nativeEvent.isComposing || event.key !== 'ArrowDown') return;
          event.preventDefault();
          grid.current?.querySelector<HTMLElement>('[data-emoji]')?.focus();
        }}
      />
      <div className={styles.groups} role="toolbar" aria-label={t('chat.emoji-groups')}>
        {EMOJI_GROUPS.map((each) => (
          <button
            key={each}
            type="button"
            className={styles.group}
            aria-label={t(groupKey(String(each)))}
            title={t(groupKey(String(each)))}
            aria-pressed={group === String(each)}
            onClick={() => {
              setQuery('');
              setGroup(group === String(each) ? undefined : String(each));
            }}
          >
            {GROUP_SIGNS[each]}
          </button>
        ))}
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys of all emoji buttons end up here */}
      <div ref={grid} className={styles.sections} onKeyDown={moveInGrid}>
        {all === undefined && <p className={styles.note}>{t('shell.loading')}</p>}
        {all === 'failed' && <p className={styles.note}>{t('chat.emoji-failed')}</p>}
        {sections.map((section, index) => (
          <section key={section.key} aria-label={section.title}>
            <div className={styles.title} aria-hidden="true">
              {section.title}
            </div>
            <div className={styles.grid}>
              {section.emoji.map((each, at) => (
                <button
                  key={each.emoji}
                  type="button"
                  className={styles.emoji}
                  data-emoji=""
                  tabIndex={index === 0 && at === 0 ? 0 : -1}
                  aria-label={each.name}
                  title={each.name}
                  onClick={(event) => pick(each.emoji, event.shiftKey)}
                >
                  {each.emoji}
                </button>
              ))}
            </div>
          </section>
        ))}
      </div>
    </div>
  );
}

const GROUP_SIGNS = { 0: '😀', 1: '👋', 3: '🐻', 4: '🍜', 5: '🚲', 6: '⚽', 7: '💡', 8: '✅', 9: '🏁' } as const;

function groupKey(group: string) {
  return `chat.emoji-group.${group as '0'}` as const;
}

/** Left and right by one; up and down to the nearest of the next line, whatever the width. */
function moveInGrid(event: KeyboardEvent<HTMLElement>): void {
  const from = event.target;
  if (!(from instanceof HTMLElement) || from.dataset.emoji === undefined) return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-emoji]')];
  const index = all.indexOf(from);
  const next = nextIn(all, index, event.key);
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}

function nextIn(all: readonly HTMLElement[], index: number, key: string): HTMLElement | undefined {
  const from = all[index];
  if (!from) return undefined;
  switch (key) {
    case 'ArrowLeft':
      return all[index - 1];
    case 'ArrowRight':
      return all[index + 1];
    case 'Home':
      return all[0];
    case 'End':
      return all.at(-1);
    case 'ArrowDown':
      return all.slice(index).find((each) => each.offsetTop > from.offsetTop && each.offsetLeft >= from.offsetLeft);
    case 'ArrowUp':
      return all
        .slice(0, index)
        .findLast((each) => each.offsetTop < from.offsetTop && each.offsetLeft <= from.offsetLeft);
    default:
      return undefined;
  }
}
