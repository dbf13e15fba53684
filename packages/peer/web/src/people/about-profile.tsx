import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import type { ReactElement } from 'react';
import { Avatar } from '../design/avatar.tsx';
import { PresenceDot } from '../design/presence-dot.tsx';
import { useText } from '../text/text.tsx';
import styles from './about-panel.module.css';
import { displayNameOf } from './names.ts';
import { useNow } from './use-now.ts';
import { agoWords } from './when.ts';

export function AboutProfile({ contact }: { readonly contact: ContactJson }): ReactElement {
  const { t, locale } = useText();
  const nowMs = useNow();
  const name = displayNameOf(contact);
  const isFriend = contact.state === 'member';
  const seen = contact.presence === 'offline' && contact.lastSeen;
  return (
    <section className={styles.profile} aria-label={t('people.about.profile')}>
      <Avatar name={name} number={contact.id} size="large" />
      <h3 className={styles.name}>{name}</h3>
      {contact.alias && contact.displayName && <p className={styles.note}>{contact.displayName}</p>}
      <p className={styles.note}>{t('people.name-and-number', { name: contact.name, number: contact.id })}</p>
      <p className={styles.presence}>
        {isFriend ? (
          <>
            <PresenceDot presence={contact.presence} />
            <span>
              {seen
                ? t('people.row.last-seen', { when: agoWords(seen, nowMs, locale) })
                : t(`presence.${contact.presence}`)}
            </span>
          </>
        ) : (
          <span>{t(`roster.${contact.state}`)}</span>
        )}
      </p>
      {contact.statusText && <p>{contact.statusText}</p>}
      {contact.signatureLine && <p className={styles.signature}>{contact.signatureLine}</p>}
      {contact.state === 'asking' && contact.text && <p className={styles.signature}>{contact.text}</p>}
    </section>
  );
}
