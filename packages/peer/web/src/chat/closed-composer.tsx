import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import { Ban, KeyRound, UserRound } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';
import { useAction } from '../connection/use-action.ts';
import { Button } from '../design/button.tsx';
import { displayNameOf } from '../people/names.ts';
import { goTo } from '../shell/navigation.ts';
import { useText } from '../text/text.tsx';
import styles from './composer.module.css';

/** True when nothing can be written to them now; `ClosedComposer` then says why. */
export function isClosed(contact: ContactJson | undefined): boolean {
  return contact === undefined || contact.state !== 'member' || contact.keyChanged;
}

/** In the place of the field: what is the matter, and what one can do. */
export function ClosedComposer({
  contact,
  note,
}: {
  readonly contact: ContactJson | undefined;
  /** Something about the conversation that did not work. */
  readonly note: string | undefined;
}): ReactElement {
  return (
    <div className={styles.composer}>
      {note !== undefined && (
        <p className={styles.bar} role="status">
          {note}
        </p>
      )}
      <Reason contact={contact} />
    </div>
  );
}

function Reason({ contact }: { readonly contact: ContactJson | undefined }): ReactElement {
  const { t, errorText } = useText();
  const action = useAction();
  if (!contact) {
    return (
      <Closed icon={<UserRound size={18} />} words={t('chat.closed.unknown')}>
        <Button onClick={() => goTo({ screen: 'add-friend' })}>{t('chat.add-friend')}</Button>
      </Closed>
    );
  }
  const who = displayNameOf(contact);
  const failed = action.error && <span role="alert">{errorText(action.error)}</span>;
  const run = (method: 'contact.accept' | 'contact.reject' | 'contact.unblock') => () =>
    void action.run(method, { who: contact.id });
  switch (contact.state) {
    case 'member':
      return (
        <Closed
          icon={<KeyRound size={18} />}
          words={t(contact.listBroken ? 'chat.closed.list-broken' : 'chat.closed.key-changed', { who })}
        >
          <Button look="primary" onClick={() => goTo({ panel: 'about' })}>
            {t('chat.look-at-key')}
          </Button>
        </Closed>
      );
    case 'asked':
      return <Closed icon={<UserRound size={18} />} words={t('chat.closed.asked', { who })} />;
    case 'asking':
      return (
        <Closed icon={<UserRound size={18} />} words={t('chat.closed.asking', { who })}>
          {failed}
          <Button look="primary" disabled={action.busy} onClick={run('contact.accept')}>
            {t('chat.accept')}
          </Button>
          <Button disabled={action.busy} onClick={run('contact.reject')}>
            {t('chat.reject')}
          </Button>
        </Closed>
      );
    case 'blocked':
      return (
        <Closed icon={<Ban size={18} />} words={t('chat.closed.blocked', { who })}>
          {failed}
          <Button disabled={action.busy} onClick={run('contact.unblock')}>
            {t('chat.unblock')}
          </Button>
        </Closed>
      );
    case 'removed':
      return (
        <Closed icon={<UserRound size={18} />} words={t('chat.closed.removed', { who })}>
          <Button onClick={() => goTo({ screen: 'add-friend' })}>{t('chat.add-friend')}</Button>
        </Closed>
      );
  }
}

function Closed({
  icon,
  words,
  children,
}: {
  readonly icon: ReactNode;
  readonly words: string;
  readonly children?: ReactNode;
}): ReactElement {
  return (
    <div className={styles.closed}>
      {icon}
      <p>{words}</p>
      {children}
    </div>
  );
}
