import type { ReactElement } from 'react';
import { useFetched } from '../connection/use-fetched.ts';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import { ClosePages } from './close-pages.tsx';
import styles from './settings.module.css';
import { momentText } from './words.ts';

/** Which program this is, and where it keeps things. */
export function AboutMagpie(): ReactElement {
  const { t, locale } = useText();
  const { value, error } = useFetched('daemon.status', {});
  return (
    <>
      <div className={styles.card}>
        <p>{t('settings.about.what')}</p>
        {value && (
          <dl className={styles.facts}>
            <dt>{t('settings.about.version')}</dt>
            <dd>{value.version}</dd>
            <dt>{t('settings.about.profile')}</dt>
            <dd>{value.profile}</dd>
            <dt>{t('settings.about.started')}</dt>
            <dd>{momentText(value.startedAt, locale)}</dd>
            <dt>{t('settings.about.process')}</dt>
            <dd>{value.pid}</dd>
          </dl>
        )}
        <Failure error={value ? undefined : error} />
      </div>
      <ClosePages />
    </>
  );
}
