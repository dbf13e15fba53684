import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { isImeEvent } from '@magpie/common/view/ime.ts';
import { X } from 'lucide-react';
import { type KeyboardEvent, type ReactElement, useEffect, useRef, useState } from 'react';
import { useViewModel } from '../connection/view.tsx';
import { Button, IconButton } from '../design/button.tsx';
import { goTo } from '../shell/navigation.ts';
import { useText } from '../text/text.tsx';
import styles from './search.module.css';
import { MoreResults, moveInResults, SearchResults, SearchState } from './search-results.tsx';
import { useEnter } from './use-enter.ts';
import { useSearch } from './use-search.ts';

/** Finds in this conversation; the log below goes to what is chosen. */
export function FindPanel({ chat, onClose }: { readonly chat: string; readonly onClose: () => void }): ReactElement {
  const { t } = useText();
  const view = useViewModel();
  const [typed, setTyped] = useState('');
  const search = useSearch(typed, chat);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const open = (message: MessageJson) => view.openChat(message.chat, message.id);
  const onEnter = useEnter(search, typed, open);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    moveInResults(event);
    if (isImeEvent(event.nativeEvent)) return;
    if (event.key === 'Escape') {
      event.stopPropagation();
      onClose();
    } else if (event.key === 'Enter' && event.target === field.current) {
      event.preventDefault();
      onEnter();
    }
  };
  return (
    <search className={styles.panel} aria-label={t('chat.find')} onKeyDown={onKeyDown}>
      <div className={styles.bar}>
        <input
          ref={field}
          className={styles.field}
          type="search"
          aria-label={t('chat.find-field')}
          placeholder={t('chat.find-field')}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
        <IconButton label={t('chat.find-close')} onClick={onClose}>
          <X size={18} aria-hidden="true" />
        </IconButton>
      </div>
      <div className={styles.under}>
        <SearchState search={search} typed={typed} />
        <Button look="quiet" className={styles.elsewhere} onClick={() => goTo({ screen: 'search', query: typed })}>
          {t('chat.find-all')}
        </Button>
      </div>
      {search.found.length > 0 && (
        <div className={styles.list}>
          <SearchResults found={search.found} query={search.query} onOpen={open} />
          <MoreResults search={search} />
        </div>
      )}
    </search>
  );
}
