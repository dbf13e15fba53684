import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import type { ReactElement } from 'react';
import { PresenceDot } from '../design/presence-dot.tsx';
import { useText } from '../text/text.tsx';
import styles from './chat-header.module.css';
import { timesOf } from './times.ts';

/** Presence as shape and word, when they were last here, what they say about it; one line whatever happens. */
export function PresenceLine({ contact }: { readonly contact: ContactJson }): ReactElement {
  const { t, language } = useText();
  if (contact.state !== 'member') {
    return (
      <p className={styles.presence}>
        <span className={styles.status}>{t(`roster.${contact.state}`)}</span>
      </p>
    );
  }
  const { presence, lastSeen, statusText } = contact;
  const times = timesOf(language);
  return (
    <p className={styles.presence}>
      <PresenceDot presence={presence} />
      <span className={styles.status} title={statusText}>
        {contact.typing ? (
          <span className={styles.typing}>{t('chat.typing')}</span>
        ) : (
          <>
            {t(`presence.${presence}`)}
            {presence === 'offline' && lastSeen !== null && (
              <>
                {' · '}
                <time dateTime={lastSeen} title={times.full(lastSeen)}>
                  {t('chat.last-seen', { when: times.moment(lastSeen, Date.now()) })}
                </time>
              </>
            )}
            {statusText !== '' && ` · ${statusText}`}
          </>
        )}
      </span>
    </p>
  );
}
