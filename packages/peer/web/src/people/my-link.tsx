import type { ReactElement } from 'react';
import { useFetched } from '../connection/use-fetched.ts';
import { CommandLine } from '../design/command-line.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './my-link.module.css';
import { QrCode } from './qr-code.tsx';

/** The own invitation: whoever has it adds one in a step, and nobody can stand in between. */
export function MyLink(): ReactElement {
  const { t } = useText();
  const { value, error } = useFetched('account.invitation', {});
  return (
    <div className={styles.link}>
      <div className={styles.code}>{value && <QrCode text={value.link} label={t('people.my-link.qr')} />}</div>
      <div className={styles.words}>
        <p className={styles.note}>{t('people.my-link.means')}</p>
        {value && <CommandLine>{value.link}</CommandLine>}
        <Failure error={value ? undefined : error} />
      </div>
    </div>
  );
}
