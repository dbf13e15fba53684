import type { ReactElement } from 'react';
import { Button } from '../design/button.tsx';
import { useText } from '../text/text.tsx';
import { Frame } from './frame.tsx';
import styles from './sign-in.module.css';

/** R10: the fingerprint of a server that nobody here knows, before any password leaves this machine. */
export function UnknownKey({
  server,
  pin,
  onAccept,
  onBack,
}: {
  readonly server: string;
  readonly pin: string;
  readonly onAccept: () => void;
  readonly onBack: () => void;
}): ReactElement {
  const { t } = useText();
  return (
    <Frame title={t('sign-in.unknown-key.title')} lead={t('sign-in.unknown-key.lead', { server })}>
      <code className={styles.fingerprint}>{pin}</code>
      <p>{t('sign-in.unknown-key.why')}</p>
      <div className={styles.actions}>
        <Button look="primary" onClick={onAccept}>
          {t('sign-in.unknown-key.accept')}
        </Button>
        <Button onClick={onBack}>{t('sign-in.unknown-key.refuse')}</Button>
      </div>
    </Frame>
  );
}
