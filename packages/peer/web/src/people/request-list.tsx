import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import { type ReactElement, useDeferredValue, useMemo } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useView } from '../connection/view.tsx';
import { Avatar } from '../design/avatar.tsx';
import { Button } from '../design/button.tsx';
import { goTo } from '../shell/navigation.ts';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import type { Asked } from './contact-dialog.tsx';
import { displayNameOf } from './names.ts';
import styles from './request-list.module.css';
import { requestRows } from './roster-order.ts';
import { useCollator } from './use-collator.ts';

/** Who wants to be friends, and whom one has asked. What was answered vanishes by itself. */
export function RequestList({ ask }: { readonly ask: (asked: Asked) => void }): ReactElement {
  const { t } = useText();
  const collator = useCollator();
  const contacts = useDeferredValue(useView((state) => state.contacts));
  const { incoming, outgoing } = useMemo(() => requestRows(contacts, collator), [contacts, collator]);
  return (
    <div className={styles.scroller}>
      {incoming.length === 0 && outgoing.length === 0 && (
        <div className={styles.none}>
          <p>{t('people.requests.none')}</p>
          <Button onClick={() => goTo({ screen: 'add-friend' })}>{t('people.add.title')}</Button>
        </div>
      )}
      {incoming.length > 0 && (
        <section aria-label={t('people.requests.incoming')}>
          <h3 className={styles.title}>{t('people.requests.incoming')}</h3>
          <ul>
            {incoming.map((contact) => (
              <Incoming key={contact.id} contact={contact} ask={ask} />
            ))}
          </ul>
        </section>
      )}
      {outgoing.length > 0 && (
        <section aria-label={t('people.requests.outgoing')}>
          <h3 className={styles.title}>{t('people.requests.outgoing')}</h3>
          <ul>
            {outgoing.map((contact) => (
              <Outgoing key={contact.id} contact={contact} />
            ))}
          </ul>
        </section>
      )}
    </div>
  );
}

function Incoming({
  contact,
  ask,
}: {
  readonly contact: ContactJson;
  readonly ask: (asked: Asked) => void;
}): ReactElement {
  const { t } = useText();
  const { busy, error, run } = useAction();
  const name = displayNameOf(contact);
  return (
    <li className={styles.request}>
      <Who contact={contact} />
      {contact.text && (
        <blockquote className={styles.text} lang="">
          {contact.text}
        </blockquote>
      )}
      <Failure error={error} who={name} />
      <div className={styles.actions}>
        <Button
          look="primary"
          disabled={busy}
          aria-label={t('people.requests.accept-who', { who: name })}
          onClick={() => void run('contact.accept', { who: contact.id })}
        >
          {t('people.requests.accept')}
        </Button>
        <Button
          disabled={busy}
          aria-label={t('people.requests.reject-who', { who: name })}
          onClick={() => void run('contact.reject', { who: contact.id })}
        >
          {t('people.requests.reject')}
        </Button>
        <Button
          look="quiet"
          disabled={busy}
          aria-label={t('people.requests.block-who', { who: name })}
          onClick={() => ask({ what: 'block', id: contact.id })}
        >
          {t('people.block')}
        </Button>
      </div>
    </li>
  );
}

function Outgoing({ contact }: { readonly contact: ContactJson }): ReactElement {
  const { t } = useText();
  const { busy, error, run } = useAction();
  const name = displayNameOf(contact);
  return (
    <li className={styles.request}>
      <Who contact={contact} />
      <p className={styles.note}>{t('people.requests.waiting')}</p>
      <Failure error={error} who={name} />
      <div className={styles.actions}>
        <Button
          disabled={busy}
          aria-label={t('people.requests.take-back-who', { who: name })}
          onClick={() => void run('contact.remove', { who: contact.id })}
        >
          {t('people.requests.take-back')}
        </Button>
      </div>
    </li>
  );
}

function Who({ contact }: { readonly contact: ContactJson }): ReactElement {
  const { t } = useText();
  const name = displayNameOf(contact);
  return (
    <div className={styles.who}>
      <Avatar name={name} number={contact.id} />
      <div>
        <div className={styles.name}>{name}</div>
        <div className={styles.note}>{t('people.name-and-number', { name: contact.name, number: contact.id })}</div>
      </div>
    </div>
  );
}
