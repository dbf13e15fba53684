import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import { type ReactElement, useCallback, useDeferredValue, useMemo } from 'react';
import { useView } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { goTo } from '../shell/navigation.ts';
import { useText } from '../text/text.tsx';
import styles from './friend-window.module.css';
import { displayNameOf } from './names.ts';
import { PersonRow } from './person-row.tsx';
import { foundPeople } from './roster-order.ts';
import { RowList } from './row-list.tsx';
import { useCollator } from './use-collator.ts';

/** Everybody who fits what is typed, and where else to look. */
export function SearchResults({
  query,
  nowMs,
  onOpen,
}: {
  readonly query: string;
  readonly nowMs: number;
  readonly onOpen: (id: string) => void;
}): ReactElement {
  const { t } = useText();
  const collator = useCollator();
  const contacts = useDeferredValue(useView((state) => state.contacts));
  const open = useView((state) => state.openChat);
  const found = useMemo(() => foundPeople(contacts, query, collator), [contacts, query, collator]);
  const render = useCallback(
    (contact: ContactJson, tabIndex: 0 | -1) => (
      <PersonRow contact={contact} nowMs={nowMs} current={contact.id === open} tabIndex={tabIndex} onOpen={onOpen} />
    ),
    [nowMs, open, onOpen],
  );
  return (
    <div className={styles.fill}>
      <p className="visually-hidden" role="status">
        {t('people.search.found', { count: found.length })}
      </p>
      {found.length === 0 && <p className={styles.hint}>{t('people.search.none')}</p>}
      <RowList label={t('people.search.results')} rows={found} idOf={idOf} nameOf={displayNameOf} render={render} />
      <div className={styles.more}>
        <Button look="quiet" onClick={() => goTo({ screen: 'search', query })}>
          {t('people.search.messages')}
        </Button>
        <Button look="quiet" onClick={() => goTo({ screen: 'add-friend' })}>
          {t('people.add.title')}
        </Button>
      </div>
    </div>
  );
}

function idOf(contact: ContactJson): string {
  return contact.id;
}
