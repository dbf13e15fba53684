import { Menu as Base } from '@base-ui/react/menu';
import type { ReactElement, ReactNode } from 'react';
import { useText } from '../text/text.tsx';
import styles from './menu.module.css';

/** @param trigger a button; it opens the menu by click, Enter, Space and arrow keys */
export function Menu({
  trigger,
  children,
}: {
  readonly trigger: ReactElement;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <MenuPortal>
        <Base.Positioner sideOffset={4}>
          <Base.Popup className={styles.popup}>{children}</Base.Popup>
        </Base.Positioner>
      </MenuPortal>
    </Base.Root>
  );
}

/** Where a menu floats: over the page, and while it is open a region of it, so that nothing of the page is outside of all. */
export function MenuPortal({ children }: { readonly children: ReactNode }): ReactElement {
  const { t } = useText();
  return <Base.Portal render={<section aria-label={t('menu.region')} />}>{children}</Base.Portal>;
}

export function MenuItem({
  icon,
  danger = false,
  disabled = false,
  onSelect,
  children,
}: {
  readonly icon?: ReactNode;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly onSelect: () => void;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <Base.Item
      className={[styles.item, danger && styles.danger].filter(Boolean).join(' ')}
      disabled={disabled}
      onClick={onSelect}
    >
      {icon}
      {children}
    </Base.Item>
  );
}

export function MenuSeparator(): ReactElement {
  return <Base.Separator className={styles.separator} />;
}
