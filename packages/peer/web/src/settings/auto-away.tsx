import { type ReactElement, useId } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useView } from '../connection/view.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './settings.module.css';

const MINUTE_MS = 60_000;
const CHOICES_MINUTES: readonly number[] = [0, 5, 10, 15, 30, 60];

/** Away by oneself after some time without activity. */
export function AutoAway(): ReactElement | null {
  const { t } = useText();
  const id = useId();
  const afterMs = useView((state) => state.presence?.autoAwayMs);
  const { busy, error, run } = useAction();
  if (afterMs === undefined) return null;
  const minutes = afterMs / MINUTE_MS;
  const choices = CHOICES_MINUTES.includes(minutes) ? CHOICES_MINUTES : [...CHOICES_MINUTES, minutes];
  return (
    <div className={styles.card}>
      <div className={styles.row}>
        <label htmlFor={id} className={`${styles.words} ${styles.strong}`}>
          {t('settings.auto-away')}
        </label>
        <select
          id={id}
          className={styles.select}
          value={minutes}
          disabled={busy}
          onChange={(event) =>
            void run('presence.autoAway', { afterMs: Number(event.currentTarget.value) * MINUTE_MS })
          }
        >
          {choices.map((each) => (
            <option key={each} value={each}>
              {each === 0 ? t('settings.auto-away.never') : t('settings.auto-away.after', { count: each })}
            </option>
          ))}
        </select>
      </div>
      <Failure error={error} />
    </div>
  );
}
