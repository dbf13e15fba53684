import { X } from 'lucide-react';
import { type ReactElement, useEffect, useState } from 'react';
import { IconButton } from '../design/button.tsx';
import { useText } from '../text/text.tsx';
import { dropToast, type Toast, useToastList } from './toast-list.ts';
import styles from './toasts.module.css';

/** Time to read two lines and to reach the button; it stands still under the pointer and the focus. */
const SHOWN_MS = 7_000;

/** News from elsewhere while one is here. Screen readers hear them from the announcer. */
export function Toasts(): ReactElement | null {
  const { t } = useText();
  const toasts = useToastList();
  if (toasts.length === 0) return null;
  return (
    <section className={styles.toasts} aria-label={t('shell.toasts')}>
      {toasts.map((toast) => (
        <ToastCard key={`${toast.about} ${toast.serial}`} toast={toast} />
      ))}
    </section>
  );
}

function ToastCard({ toast }: { readonly toast: Toast }): ReactElement {
  const { t } = useText();
  const [isHeld, setHeld] = useState(false);
  const { about, title, text, open } = toast;
  useEffect(() => {
    if (isHeld) return;
    const timer = setTimeout(() => dropToast(about), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [about, isHeld]);
  const hold = { onPointerEnter: () => setHeld(true), onFocus: () => setHeld(true) };
  const release = { onPointerLeave: () => setHeld(false), onBlur: () => setHeld(false) };
  return (
    <div className={styles.toast} {...hold} {...release}>
      <button
        type="button"
        className={styles.open}
        onClick={() => {
          dropToast(about);
          open?.();
        }}
      >
        <strong className={styles.title}>{title}</strong>
        <span className={styles.text}>{text}</span>
      </button>
      <IconButton label={t('shell.toast.close')} onClick={() => dropToast(about)}>
        <X size={16} aria-hidden="true" />
      </IconButton>
    </div>
  );
}
