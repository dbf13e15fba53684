import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { KeyboardEvent, ReactElement } from 'react';
import { Button } from '../design/button.tsx';
import { useText } from '../text/text.tsx';
import { useAuthor } from './quote.tsx';
import styles from './search.module.css';
import { snippetOf } from './snippet.ts';
import { timesOf } from './times.ts';
import type { Search } from './use-search.ts';

/** How a search stands, in words: also for those who do not see the list. */
export function SearchState({ search, typed }: { readonly search: Search; readonly typed: string }): ReactElement {
  const { t, errorText } = useText();
  return (
    <div className={styles.state} role="status">
      {typed.trim() === '' && t('chat.search-hint')}
      {search.state === 'failed' && search.error && t('chat.search-failed', { because: errorText(search.error) })}
      {search.state === 'done' &&
        search.found.length > 0 &&
        t(search.whole ? 'chat.search-found' : 'chat.search-many', { count: search.found.length })}
      {search.state === 'done' && search.found.length === 0 && (
        <>
          <strong>{t('chat.search-nothing', { query: search.query })}</strong> {t('chat.search-teaches')}
        </>
      )}
    </div>
  );
}

/** The rows found, newest first; arrows go through them, Enter jumps. */
export function SearchResults({
  found,
  query,
  onOpen,
}: {
  readonly found: readonly MessageJson[];
  readonly query: string;
  readonly onOpen: (message: MessageJson) => void;
}): ReactElement {
  return (
    <ol className={styles.results}>
      {found.map((message) => (
        <li key={message.id}>
          <Result message={message} query={query} onOpen={onOpen} />
        </li>
      ))}
    </ol>
  );
}

export function MoreResults({ search }: { readonly search: Search }): ReactElement | null {
  const { t } = useText();
  if (!search.more) return null;
  return (
    <div className={styles.more}>
      <Button onClick={search.fetchMore}>{t('chat.search-more')}</Button>
    </div>
  );
}

function Result({
  message,
  query,
  onOpen,
}: {
  readonly message: MessageJson;
  readonly query: string;
  readonly onOpen: (message: MessageJson) => void;
}): ReactElement {
  const { language } = useText();
  const who = useAuthor(message.chat, message);
  const times = timesOf(language);
  return (
    <button type="button" className={styles.result} data-result={message.id} onClick={() => onOpen(message)}>
      <span className={styles.resultHead}>
        <span className={styles.resultWho} dir="auto">
          {who}
        </span>
        <time dateTime={message.at} title={times.full(message.at)}>
          {times.moment(message.at, Date.now())}
        </time>
      </span>
      <span className={styles.snippet} dir="auto">
        {snippetOf(message.text, query).map((part, index) =>
          part.marked ? (
            // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never move
            <mark key={index}>{part.text}</mark>
          ) : (
            part.text
          ),
        )}
      </span>
    </button>
  );
}

/** Arrows between the field and the rows below it. */
export function moveInResults(event: KeyboardEvent<HTMLElement>): void {
  if (event.nativeEvent.isComposing || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return;
  const stops = [...event.currentTarget.querySelectorAll<HTMLElement>('input, [data-result]')];
  const index = stops.indexOf(event.target as HTMLElement);
  const next = stops[index + (event.key === 'ArrowDown' ? 1 : -1)];
  if (index < 0 || !next) return;
  event.preventDefault();
  next.focus();
}
