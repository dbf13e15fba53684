import type { ReactElement, ReactNode } from 'react';
import styles from './banner.module.css';

/** News and trouble: what happened, what is safe, what to do. Never covers anything. */
export function Banner({
  look,
  icon,
  actions,
  children,
}: {
  readonly look: 'news' | 'warn' | 'danger';
  readonly icon?: ReactNode;
  readonly actions?: ReactNode;
  readonly children: ReactNode;
}): ReactElement {
  return (
    <div className={`${styles.banner} ${look === 'news' ? '' : styles[look]}`} role="status">
      {icon}
      <div className={styles.text}>{children}</div>
      {actions && <div className={styles.actions}>{actions}</div>}
    </div>
  );
}
