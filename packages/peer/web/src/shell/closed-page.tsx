import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import { type ReactElement, type ReactNode, useEffect, useState } from 'react';
import { enter } from '../connection/entry.ts';
import { openingCommand } from '../connection/profile-folder.ts';
import { Button } from '../design/button.tsx';
import { CommandLine } from '../design/command-line.tsx';
import type { Text } from '../text/text.tsx';
import { useText } from '../text/text.tsx';
import styles from './closed-page.module.css';

/** A tab without a right to speak with the daemon: why, and the exact command that opens the page. */
export function ClosedPage({ error }: { readonly error: RpcError | undefined }): ReactElement {
  const { t } = useText();
  const words = wordsOf(error);
  return (
    <Notice title={t(words.title)}>
      <p>{t(words.text)}</p>
      {words.isPassing ? (
        <>
          <Button look="primary" onClick={() => void enter()}>
            {t('shell.try-again')}
          </Button>
          <p className={styles.quiet}>{t('shell.closed.daemon-start')}</p>
          <CommandLine>{openingCommand('daemon start')}</CommandLine>
        </>
      ) : (
        <CommandLine>{openingCommand()}</CommandLine>
      )}
      {words.isOld && (
        <Button look="primary" onClick={() => location.reload()}>
          {t('shell.fault.do')}
        </Button>
      )}
      {words.mayHelp && <Button onClick={() => void enter()}>{t('shell.try-again')}</Button>}
      <p className={styles.quiet}>{t('shell.closed.safe')}</p>
    </Notice>
  );
}

/** Long enough that a daemon which is just starting is not called lost. */
const LOST_AFTER_MS = 1_500;

/** The daemon went away before it told anything. The connection is tried again by itself. */
export function LostAtFirst(): ReactElement {
  const { t } = useText();
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), LOST_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!isLong) return <main aria-busy="true" />;
  return (
    <Notice title={t('shell.closed.lost-title')}>
      <p>{t('shell.closed.lost-text')}</p>
      <CommandLine>{openingCommand('daemon start')}</CommandLine>
    </Notice>
  );
}

/** Something in the page itself went wrong; the daemon has everything that matters. */
export function FaultPage(): ReactElement {
  const { t } = useText();
  return (
    <Notice title={t('shell.fault.title')}>
      <p>{t('shell.fault.text')}</p>
      <Button look="primary" onClick={() => location.reload()}>
        {t('shell.fault.do')}
      </Button>
    </Notice>
  );
}

function Notice({ title, children }: { readonly title: string; readonly children: ReactNode }): ReactElement {
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <img src="/favicon.svg" alt="" width="56" height="56" />
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}

interface Words {
  readonly title: Parameters<Text['t']>[0];
  readonly text: Parameters<Text['t']>[0];
  /** The link is still good: trying again helps. */
  readonly isPassing?: true;
  /** The daemon has a newer page. */
  readonly isOld?: true;
  /** The right that this tab has may count again. */
  readonly mayHelp?: true;
}

function wordsOf(error: RpcError | undefined): Words {
  switch (error?.code) {
    case undefined:
      return { title: 'shell.closed.new-title', text: 'shell.closed.new-text' };
    case 'PAGE_CODE_SPENT':
      return { title: 'shell.closed.spent-title', text: 'shell.closed.spent-text' };
    case 'PAGE_OTHER_USER':
      return { title: 'shell.closed.other-user-title', text: 'shell.closed.other-user-text' };
    case 'CONNECTION_LOST':
      return { title: 'shell.closed.lost-title', text: 'shell.closed.unreachable-text', isPassing: true };
    case 'TOO_MANY':
      return { title: 'shell.closed.spent-title', text: 'shell.closed.too-many-text', isPassing: true };
    case 'SCHEMA_MISMATCH':
    case 'BAD_ANSWER':
      return { title: 'shell.closed.version-title', text: 'shell.closed.version-text', isOld: true };
    default:
      return { title: 'shell.closed.ended-title', text: 'shell.closed.ended-text', mayHelp: true };
  }
}
