import { ChevronRight } from 'lucide-react';
import { memo, type ReactElement, useCallback, useDeferredValue, useMemo } from 'react';
import { useView } from '../connection/view.tsx';
import { setPreferences, usePreferences } from '../shell/preferences.ts';
import { useText } from '../text/text.tsx';
import { displayNameOf } from './names.ts';
import { PersonRow } from './person-row.tsx';
import { type FriendRow, friendRows, toggled } from './roster-order.ts';
import { RowList } from './row-list.tsx';
import styles from './rows.module.css';
import { useCollator } from './use-collator.ts';

type GroupRow = Extract<FriendRow, { readonly type: 'group' }>;

/** Friends by group, as people know it: groups fold, online ones first. */
export function FriendList({
  nowMs,
  onOpen,
}: {
  readonly nowMs: number;
  readonly onOpen: (id: string) => void;
}): ReactElement {
  const { t } = useText();
  const collator = useCollator();
  const contacts = useDeferredValue(useView((state) => state.contacts));
  const open = useView((state) => state.openChat);
  const folded = usePreferences((preferences) => preferences.foldedGroups);
  const rows = useMemo(() => friendRows(contacts, folded, collator), [contacts, folded, collator]);

  const fold = useCallback(
    (id: string, wanted: boolean) => {
      const row = rows.find((each) => rowId(each) === id);
      if (row?.type === 'group' && row.folded !== wanted) toggle(row.id);
    },
    [rows],
  );
  const render = useCallback(
    (row: FriendRow, tabIndex: 0 | -1) =>
      row.type === 'group' ? (
        <GroupHead row={row} tabIndex={tabIndex} />
      ) : (
        <PersonRow contact={row.contact} nowMs={nowMs} current={row.id === open} tabIndex={tabIndex} onOpen={onOpen} />
      ),
    [nowMs, open, onOpen],
  );
  return (
    <RowList label={t('people.tab.friends')} rows={rows} idOf={rowId} nameOf={nameOf} render={render} onFold={fold} />
  );
}

function toggle(group: string): void {
  setPreferences({ foldedGroups: toggled(group, usePreferences.getState().foldedGroups) });
}

/** Account numbers and groups in one list. */
function rowId(row: FriendRow): string {
  return row.type === 'group' ? `group:${row.id}` : row.id;
}

function nameOf(row: FriendRow): string {
  return row.type === 'group' ? '' : displayNameOf(row.contact);
}

const GroupHead = memo(function GroupHead({ row, tabIndex }: { readonly row: GroupRow; readonly tabIndex: 0 | -1 }) {
  const { t } = useText();
  const { group, online, total, folded } = row;
  return (
    <button
      type="button"
      className={styles.group}
      data-row={rowId(row)}
      tabIndex={tabIndex}
      aria-expanded={!folded}
      onClick={() => toggle(row.id)}
    >
      <ChevronRight size={14} aria-hidden="true" />
      <span className={styles.name}>{typeof group === 'string' ? t(`people.group.${group}`) : group.name}</span>
      <span className={styles.count}>
        <span aria-hidden="true">{group === 'blocked' ? total : `${online}/${total}`}</span>
        {group !== 'blocked' && <span className="visually-hidden">{t('people.group.online', { online, total })}</span>}
        {group === 'blocked' && <span className="visually-hidden">{t('people.group.count', { count: total })}</span>}
      </span>
    </button>
  );
});
