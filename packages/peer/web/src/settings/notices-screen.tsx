import type { NoticeJson } from '@magpie/common/rpc/schemas.ts';
import type { ReactElement } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useView } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './settings.module.css';
import { momentText } from './words.ts';

/** What the operator of the server has said, the newest first; nothing is lost by dismissing it. */
export function NoticesScreen(): ReactElement {
  const { t } = useText();
  const notices = useView((state) => state.notices);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={styles.content} tabIndex={0} aria-label={t('settings.notices')}>
      <div className={`${styles.page} ${styles.alone}`}>
        <h1>{t('settings.notices')}</h1>
        <p className={styles.note}>{t('settings.notices.what')}</p>
        {notices.length === 0 ? (
          <p>{t('notice.none')}</p>
        ) : (
          <ol className={styles.card}>
            {notices.map((notice) => (
              <Notice key={notice.id} notice={notice} />
            ))}
          </ol>
        )}
      </div>
    </section>
  );
}

function Notice({ notice }: { readonly notice: NoticeJson }): ReactElement {
  const { t, locale } = useText();
  const { busy, error, run } = useAction();
  return (
    <li className={styles.item}>
      <div className={styles.words}>
        <p className={styles.text} lang="">
          {notice.text}
        </p>
        <p className={styles.note}>
          <time dateTime={notice.at}>{momentText(notice.at, locale)}</time>
          {notice.dismissed && ` · ${t('settings.notices.dismissed')}`}
        </p>
        <Failure error={error} />
      </div>
      {!notice.dismissed && (
        <Button disabled={busy} onClick={() => void run('notice.dismiss', { id: notice.id })}>
          {t('settings.notices.dismiss')}
        </Button>
      )}
    </li>
  );
}
