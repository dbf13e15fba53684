import { type ReactElement, useId, useMemo, useState } from 'react';
import { openingCommand } from '../connection/profile-folder.ts';
import { useAction } from '../connection/use-action.ts';
import { useFetched } from '../connection/use-fetched.ts';
import { useView, useViewModel } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { CommandLine } from '../design/command-line.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { displayNameOf } from '../people/names.ts';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './settings.module.css';
import { numberText, sizeText } from './words.ts';

/** What is kept on this machine, and how to be rid of it or take it along. */
export function StorageSettings(): ReactElement {
  const { t, locale } = useText();
  const status = useFetched('status', {});
  const kept = status.value?.storage;
  return (
    <>
      <div className={styles.card}>
        {kept && (
          <dl className={styles.facts}>
            <dt>{t('settings.storage.messages')}</dt>
            <dd>{numberText(kept.messages, locale)}</dd>
            <dt>{t('settings.storage.size')}</dt>
            <dd>{sizeText(kept.bytes, locale)}</dd>
          </dl>
        )}
        {!kept && !status.error && <p className={styles.note}>{t('settings.loading')}</p>}
        <Failure error={kept ? undefined : status.error} />
        <p className={styles.note}>{t('settings.storage.where')}</p>
      </div>
      <DeleteHistory onDeleted={status.reload} />
      <div className={styles.card}>
        <h3>{t('settings.storage.export')}</h3>
        <p className={styles.note}>{t('settings.storage.export-how')}</p>
        <CommandLine>{openingCommand('msg export --output history.jsonl')}</CommandLine>
      </div>
      <div className={styles.card}>
        <h3>{t('settings.storage.passphrase')}</h3>
        <p className={styles.note}>{t('settings.storage.passphrase-how')}</p>
        <CommandLine>{openingCommand('daemon stop')}</CommandLine>
        <CommandLine>{openingCommand('profile encrypt')}</CommandLine>
      </div>
    </>
  );
}

/** The history with one person; their copy stays. */
function DeleteHistory({ onDeleted }: { readonly onDeleted: () => void }): ReactElement {
  const { t, locale } = useText();
  const view = useViewModel();
  const id = useId();
  const chats = useView((state) => state.chats);
  const contacts = useView((state) => state.contacts);
  const action = useAction();
  const [chosen, setChosen] = useState('');
  const [isAsked, setAsked] = useState(false);
  const [deleted, setDeleted] = useState<number>();
  const choices = useMemo(() => {
    const collator = new Intl.Collator(locale, { numeric: true });
    return [...chats.values()]
      .filter(({ last }) => last !== null)
      .map(({ id: chat }) => ({ chat, name: nameOf(contacts.get(chat), chat) }))
      .sort((a, b) => collator.compare(a.name, b.name));
  }, [chats, contacts, locale]);
  const who = choices.find(({ chat }) => chat === chosen)?.name ?? '';
  const remove = async () => {
    const result = await action.run('message.delete', { chat: chosen });
    if (!result) return;
    setDeleted(result.deleted);
    setAsked(false);
    setChosen('');
    onDeleted();
    if (view.store.getState().openChat === chosen) view.closeChat();
  };
  return (
    <div className={styles.card}>
      <h3>{t('settings.storage.delete')}</h3>
      <div className={styles.row}>
        <label htmlFor={id}>{t('settings.storage.delete-whose')}</label>
        <select
          id={id}
          className={styles.select}
          value={chosen}
          onChange={(event) => setChosen(event.currentTarget.value)}
        >
          <option value="">{t('settings.storage.choose')}</option>
          {choices.map(({ chat, name }) => (
            <option key={chat} value={chat}>
              {name} ({chat})
            </option>
          ))}
        </select>
        <Button disabled={chosen === ''} onClick={() => setAsked(true)}>
          {t('settings.storage.delete-do')}
        </Button>
      </div>
      {deleted !== undefined && (
        <p role="status" className={styles.done}>
          {t('settings.storage.deleted', { count: deleted })}
        </p>
      )}
      {isAsked && (
        <Dialog open title={t('settings.storage.delete-title', { who })} onClose={() => setAsked(false)}>
          <p>{t('settings.storage.delete-means', { who })}</p>
          <Failure error={action.error} who={who} />
          <DialogActions>
            <Button autoFocus onClick={() => setAsked(false)}>
              {t('settings.cancel')}
            </Button>
            <Button look="danger" disabled={action.busy} onClick={() => void remove()}>
              {t('settings.storage.delete-yes')}
            </Button>
          </DialogActions>
        </Dialog>
      )}
    </div>
  );
}

function nameOf(contact: Parameters<typeof displayNameOf>[0] | undefined, chat: string): string {
  return contact ? displayNameOf(contact) : chat;
}
