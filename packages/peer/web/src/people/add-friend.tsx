import type { ContactJson, LookupJson } from '@magpie/common/rpc/schemas.ts';
import { type ReactElement, type SyntheticEvent, useState } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useView } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { Field } from '../design/field.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './add-friend.module.css';
import { FoundPerson } from './found-person.tsx';
import { leadsTo, parseFriendLink } from './friend-link.ts';
import { MyLink } from './my-link.tsx';
import { displayNameOf } from './names.ts';

/** Somebody who was looked up, and by which words they are to be asked. */
interface Found {
  readonly person: LookupJson;
  /** The whole link where there was one: it carries their key. */
  readonly who: string;
}

/** A new friend: look them up, see who it is, ask. And the own link for the other way round. */
export function AddFriend(): ReactElement {
  const { t } = useText();
  const server = useView((state) => state.account?.server ?? '');
  const { busy, error, run, clear } = useAction();
  const [typed, setTyped] = useState('');
  const [problem, setProblem] = useState<string>();
  const [found, setFound] = useState<Found>();
  const [asked, setAsked] = useState<ContactJson>();

  const lookUp = async (event: SyntheticEvent) => {
    event.preventDefault();
    setFound(undefined);
    setAsked(undefined);
    clear();
    const link = parseFriendLink(typed);
    setProblem(undefined);
    if (link?.kind === 'bad') return setProblem(t('people.add.bad-link'));
    if (link?.kind === 'join') return setProblem(t('people.add.join-link'));
    if (link && !leadsTo(link, server)) return setProblem(t('people.add.other-server'));
    const who = link?.number ?? typed.trim();
    if (who === '') return setProblem(t('people.add.empty'));
    const person = await run('contact.lookup', { who: who.slice(0, 256) });
    if (person) setFound({ person, who: link ? typed.trim() : person.id });
  };

  return (
    <div className={styles.screen}>
      <div className={styles.page}>
        <h1>{t('people.add.title')}</h1>
        <section className={styles.card} aria-label={t('people.add.look-up')}>
          <form className={styles.form} onSubmit={(event) => void lookUp(event)}>
            <Field
              label={t('people.add.who')}
              hint={t('people.add.who-hint')}
              error={problem}
              value={typed}
              maxLength={1_024}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              onChange={(event) => {
                setTyped(event.currentTarget.value);
                setProblem(undefined);
              }}
            />
            <Button look="primary" type="submit" disabled={busy}>
              {t('people.add.look-up')}
            </Button>
          </form>
          <Failure error={error} who={typed.trim().slice(0, 64)} />
          {found && !asked && <FoundPerson key={found.who} person={found.person} who={found.who} onAsked={setAsked} />}
          {asked && (
            <p role="status" className={styles.done}>
              {t(asked.state === 'member' ? 'people.add.now-friends' : 'people.add.asked', {
                who: displayNameOf(asked),
              })}
            </p>
          )}
        </section>
        <section className={styles.card} aria-labelledby="people-my-link">
          <h2 id="people-my-link">{t('people.my-link.title')}</h2>
          <MyLink />
        </section>
      </div>
    </div>
  );
}
