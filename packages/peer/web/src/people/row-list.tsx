import { createContext, type ReactElement, type ReactNode, useContext, useMemo, useRef } from 'react';
import { type CustomItemComponentProps, Virtualizer, type VirtualizerHandle } from 'virtua';
import styles from './rows.module.css';
import { useRoving } from './use-roving.ts';

/** Up to here every row is in the document, as screen readers like it; beyond, only those in sight. */
const PLAIN_ROWS_MAX = 200;

export interface RowListProps<T> {
  readonly label: string;
  readonly rows: readonly T[];
  readonly idOf: (row: T) => string;
  readonly nameOf: (row: T) => string;
  /** @param tabIndex of the button of the row, which carries `data-row` */
  readonly render: (row: T, tabIndex: 0 | -1) => ReactNode;
  readonly onFold?: (id: string, fold: boolean) => void;
}

/** A list that scrolls by itself and is one stop of the Tab key. */
export function RowList<T>({ label, rows, idOf, nameOf, render, onFold }: RowListProps<T>): ReactElement {
  const ids = useMemo(() => rows.map(idOf), [rows, idOf]);
  const names = useMemo(() => new Map(rows.map((row) => [idOf(row), nameOf(row)])), [rows, idOf, nameOf]);
  const handle = useRef<VirtualizerHandle>(null);
  const { activeId, listProps } = useRoving({
    ids,
    nameOf: (id) => names.get(id) ?? '',
    reveal: (index) => handle.current?.scrollToIndex(index, { align: 'nearest' }),
    ...(onFold && { onFold }),
  });
  const active = activeId === undefined ? -1 : ids.indexOf(activeId);
  const item = (row: T, index: number): ReactNode => render(row, index === active ? 0 : -1);

  return (
    <div className={styles.scroller} {...listProps}>
      {rows.length <= PLAIN_ROWS_MAX ? (
        <ul aria-label={label}>
          {rows.map((row, index) => (
            <li key={ids[index]}>{item(row, index)}</li>
          ))}
        </ul>
      ) : (
        // Its element takes no name, so the name stands around it.
        <section aria-label={label}>
          <RowCount value={rows.length}>
            <Virtualizer
              ref={handle}
              scrollRef={listProps.ref}
              as="ul"
              item={RowOfMany}
              data={rows}
              keepMounted={active < 0 ? [] : [active]}
            >
              {(row, index) => <RowSlot key={ids[index]}>{item(row, index)}</RowSlot>}
            </Virtualizer>
          </RowCount>
        </section>
      )}
    </div>
  );
}

const RowCount = createContext(0);

/** Most rows are not in the document, so each says which one of how many it is. */
function RowOfMany({ index, style, children, ref }: CustomItemComponentProps): ReactElement {
  return (
    <li ref={ref} style={style} aria-posinset={index + 1} aria-setsize={useContext(RowCount)}>
      {children}
    </li>
  );
}

function RowSlot({ children }: { readonly children: ReactNode }): ReactElement {
  return <>{children}</>;
}
