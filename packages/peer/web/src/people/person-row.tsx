import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import { ShieldAlert } from 'lucide-react';
import { memo, type ReactElement } from 'react';
import { Avatar } from '../design/avatar.tsx';
import { useText } from '../text/text.tsx';
import { displayNameOf } from './names.ts';
import { RoadMark } from './road-mark.tsx';
import { isHere } from './roster-order.ts';
import styles from './rows.module.css';
import { agoWords } from './when.ts';

export interface PersonRowProps {
  readonly contact: ContactJson;
  readonly nowMs: number;
  readonly current: boolean;
  readonly tabIndex: 0 | -1;
  readonly onOpen: (id: string) => void;
}

/** One person of the friend list: who, how they are, what they say, and the road to them while there is one. */
export const PersonRow = memo(function PersonRow({ contact, nowMs, current, tabIndex, onOpen }: PersonRowProps) {
  const { t } = useText();
  const name = displayNameOf(contact);
  const isFriend = contact.state === 'member';
  const gone = !isFriend || !isHere(contact);
  return (
    <button
      type="button"
      className={`${styles.row} ${gone ? styles.gone : ''}`}
      data-row={contact.id}
      tabIndex={tabIndex}
      aria-current={current ? 'true' : undefined}
      onClick={() => onOpen(contact.id)}
    >
      <Avatar name={name} number={contact.id} presence={isFriend ? contact.presence : undefined} />
      <span className={styles.words}>
        <span className={styles.line}>
          <span className={styles.name}>{name}</span>
          {isFriend && contact.path && <RoadMark road={contact.path} isShort />}
          {contact.unread > 0 && <UnreadBadge count={contact.unread} />}
        </span>
        <span className={styles.line}>
          {isFriend && contact.keyChanged ? (
            <span className={`${styles.second} ${styles.warn}`}>
              <ShieldAlert size={13} aria-hidden="true" />{' '}
              {t(contact.listBroken ? 'people.row.list-broken' : 'people.row.key-changed')}
            </span>
          ) : (
            <SecondLine contact={contact} nowMs={nowMs} />
          )}
        </span>
      </span>
    </button>
  );
});

function SecondLine({ contact, nowMs }: { readonly contact: ContactJson; readonly nowMs: number }): ReactElement {
  const { t, locale } = useText();
  const saying = contact.statusText || contact.signatureLine;
  const line = `${styles.second} ${styles.sentence}`;
  if (contact.state !== 'member') return <span className={line}>{t(`roster.${contact.state}`)}</span>;
  if (contact.typing) return <span className={`${line} ${styles.typing}`}>{t('people.row.typing')}</span>;
  const presence = t(`presence.${contact.presence}`);
  const seen =
    contact.presence === 'offline' && contact.lastSeen
      ? t('people.row.last-seen', { when: agoWords(contact.lastSeen, nowMs, locale) })
      : presence;
  return <span className={line}>{saying ? t('people.row.saying', { presence: seen, saying }) : seen}</span>;
}

/** How many messages wait to be read. */
export function UnreadBadge({ count }: { readonly count: number }): ReactElement {
  const { t } = useText();
  return (
    <span className={styles.badge}>
      <span aria-hidden="true">{count > 999 ? '999+' : count}</span>
      <span className="visually-hidden">{t('people.row.unread', { count })}</span>
    </span>
  );
}
