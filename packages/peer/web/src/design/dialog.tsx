import { Dialog as Base } from '@base-ui/react/dialog';
import { type ReactElement, type ReactNode, useEffect, useState } from 'react';
import styles from './dialog.module.css';

/** For questions that need an answer; news never comes in one. Esc and a click outside close it. */
export function Dialog({
  open,
  title,
  onClose,
  children,
}: {
  readonly open: boolean;
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
}): ReactElement {
  useBackToOpener(open);
  return (
    <Base.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup className={styles.popup}>
          <Base.Title>{title}</Base.Title>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

export function DialogActions({ children }: { readonly children: ReactNode }): ReactElement {
  return <div className={styles.actions}>{children}</div>;
}

/** A dialog that is taken away instead of closed leaves the focus nowhere, or anywhere: it goes back where it came from. */
function useBackToOpener(open: boolean): void {
  const [opener] = useState(() => document.activeElement);
  useEffect(() => {
    if (!open) return;
    return () => {
      requestAnimationFrame(() => {
        if (opener instanceof HTMLElement && opener.isConnected && opener !== document.body) opener.focus();
      });
    };
  }, [open, opener]);
}
