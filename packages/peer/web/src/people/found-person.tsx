import type { ContactJson, LookupJson } from '@magpie/common/rpc/schemas.ts';
import { type ReactElement, type SyntheticEvent, useState } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useView, useViewModel } from '../connection/view.tsx';
import { Avatar } from '../design/avatar.tsx';
import { Button } from '../design/button.tsx';
import { Field } from '../design/field.tsx';
import { goTo } from '../shell/navigation.ts';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './add-friend.module.css';
import { displayNameOf } from './names.ts';

export interface FoundPersonProps {
  readonly person: LookupJson;
  /** A number, or the whole invitation link. */
  readonly who: string;
  readonly onAsked: (contact: ContactJson) => void;
}

/** Who was found, and what can be done: ask them, answer their question, or what one is to each other already. */
export function FoundPerson({ person, who, onAsked }: FoundPersonProps): ReactElement {
  const { t } = useText();
  const own = useView((state) => state.account?.id);
  const contact = useView((state) => state.contacts.get(person.id));
  const name = displayNameOf(contact ?? { ...person, alias: null });
  return (
    <div className={styles.found}>
      <div className={styles.who}>
        <Avatar name={name} number={person.id} />
        <div>
          <div className={styles.name}>{name}</div>
          <div className={styles.note}>{t('people.name-and-number', { name: person.name, number: person.id })}</div>
        </div>
      </div>
      {person.id === own ? (
        <p className={styles.note}>{t('people.add.yourself')}</p>
      ) : contact && contact.state !== 'removed' ? (
        <Known contact={contact} />
      ) : (
        <Ask person={person} who={who} name={name} onAsked={onAsked} />
      )}
    </div>
  );
}

function Ask({ person, who, name, onAsked }: FoundPersonProps & { readonly name: string }): ReactElement {
  const { t } = useText();
  const { busy, error, run } = useAction();
  const [text, setText] = useState('');
  const isQuestion = person.ask === 'question';
  const isLink = who !== person.id;
  const ask = async (event: SyntheticEvent) => {
    event.preventDefault();
    const contact = await run('contact.add', { who, text: text.trim() });
    if (contact) onAsked(contact);
  };
  if (person.ask === 'nobody') return <p className={styles.note}>{t('people.add.takes-none', { who: name })}</p>;
  // A link whose key is not the server's: unless a pin of theirs is in the way, the link is old or forged.
  const isForged = isLink && error?.code === 'KEY_CHANGED' && error.detail?.pinned === undefined;
  return (
    <form className={styles.ask} onSubmit={(event) => void ask(event)}>
      {isQuestion && (
        <p>
          {t('people.add.question', { who: name })} <strong>{person.question}</strong>
        </p>
      )}
      <Field
        label={t(isQuestion ? 'people.add.answer' : 'people.add.text')}
        hint={t(isQuestion ? 'people.add.answer-hint' : 'people.add.text-hint')}
        value={text}
        maxLength={80}
        required={isQuestion}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      {isLink && <p className={styles.note}>{t('people.add.by-link')}</p>}
      {isForged ? (
        <p role="alert" className={styles.alert}>
          {t('people.add.forged-link', { who: name })}
        </p>
      ) : (
        <Failure error={error} who={name} />
      )}
      <div>
        <Button look="primary" type="submit" disabled={busy}>
          {t('people.add.ask', { who: name })}
        </Button>
      </div>
    </form>
  );
}

/** Somebody who is in the list already. */
function Known({ contact }: { readonly contact: ContactJson }): ReactElement {
  const { t } = useText();
  const view = useViewModel();
  const { busy, error, run } = useAction();
  const name = displayNameOf(contact);
  return (
    <div className={styles.ask}>
      <p className={styles.note}>{t(`people.add.known-${known(contact)}`, { who: name })}</p>
      <div>
        {contact.state === 'member' && (
          <Button
            look="primary"
            onClick={() => {
              view.openChat(contact.id);
              goTo({ screen: 'none' });
            }}
          >
            {t('people.menu.open')}
          </Button>
        )}
        {contact.state === 'asking' && (
          <Button look="primary" disabled={busy} onClick={() => void run('contact.accept', { who: contact.id })}>
            {t('people.requests.accept-who', { who: name })}
          </Button>
        )}
        {contact.state === 'asked' && (
          <Button disabled={busy} onClick={() => void run('contact.remove', { who: contact.id })}>
            {t('people.requests.take-back')}
          </Button>
        )}
        {contact.state === 'blocked' && (
          <Button disabled={busy} onClick={() => void run('contact.unblock', { who: contact.id })}>
            {t('people.unblock')}
          </Button>
        )}
      </div>
      <Failure error={error} who={name} />
    </div>
  );
}

function known({ state }: ContactJson): 'member' | 'asking' | 'asked' | 'blocked' {
  return state === 'removed' ? 'member' : state;
}
