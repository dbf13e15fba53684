import { Check, Copy } from 'lucide-react';
import { type ReactElement, useEffect, useState } from 'react';
import { useText } from '../text/text.tsx';
import { IconButton } from './button.tsx';
import styles from './command-line.module.css';

/** How long "copied" stays. */
const COPIED_MS = 2_000;

/** Something to take elsewhere: a command to type, a code to keep. Selects as a whole, copies with one press. */
export function CommandLine({ children }: { readonly children: string }): ReactElement {
  const { t } = useText();
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const copy = () =>
    void navigator.clipboard.writeText(children).then(
      () => setCopied(true),
      () => {},
    );
  return (
    <div className={styles.line}>
      <code className={styles.text}>{children}</code>
      <IconButton label={t(isCopied ? 'copy.done' : 'copy.do')} onClick={copy}>
        {isCopied ? <Check size={18} aria-hidden="true" /> : <Copy size={18} aria-hidden="true" />}
      </IconButton>
      <span className="visually-hidden" role="status">
        {isCopied && t('copy.done')}
      </span>
    </div>
  );
}
