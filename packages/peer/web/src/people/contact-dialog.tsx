import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import { type ReactElement, type ReactNode, type SyntheticEvent, useId, useMemo, useState } from 'react';
import { type Action, useAction } from '../connection/use-action.ts';
import { useView, useViewModel } from '../connection/view.tsx';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { Field } from '../design/field.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import { displayNameOf } from './names.ts';
import { groupNames } from './roster-order.ts';
import { useCollator } from './use-collator.ts';

/** What is to be done with somebody, after one more question. */
export interface Asked {
  readonly what: 'remark' | 'group' | 'block' | 'remove' | 'history';
  readonly id: string;
}

/** The questions about one person: a remark, a group, and whatever cannot be undone. */
export function ContactDialog({
  asked,
  onClose,
}: {
  readonly asked: Asked | undefined;
  readonly onClose: () => void;
}): ReactElement | null {
  const contact = useView((state) => (asked ? state.contacts.get(asked.id) : undefined));
  if (!asked || !contact) return null;
  switch (asked.what) {
    case 'remark':
      return <RemarkDialog contact={contact} onClose={onClose} />;
    case 'group':
      return <GroupDialog contact={contact} onClose={onClose} />;
    case 'block':
    case 'remove':
    case 'history':
      return <ConfirmDialog what={asked.what} contact={contact} onClose={onClose} />;
  }
}

interface AboutContact {
  readonly contact: ContactJson;
  readonly onClose: () => void;
}

function RemarkDialog({ contact, onClose }: AboutContact): ReactElement {
  const { t } = useText();
  const action = useAction();
  const [alias, setAlias] = useState(contact.alias ?? '');
  return (
    <NoteDialog
      title={t('people.remark.title', { who: contact.displayName || contact.name })}
      action={action}
      who={displayNameOf(contact)}
      onClose={onClose}
      onSave={async () => (await action.run('contact.set', { who: contact.id, alias })) !== undefined}
    >
      <Field
        label={t('people.remark.label')}
        hint={t('people.remark.hint')}
        value={alias}
        maxLength={64}
        autoFocus
        onChange={(event) => setAlias(event.currentTarget.value)}
      />
    </NoteDialog>
  );
}

function GroupDialog({ contact, onClose }: AboutContact): ReactElement {
  const { t } = useText();
  const action = useAction();
  const collator = useCollator();
  const contacts = useView((state) => state.contacts);
  const names = useMemo(() => groupNames(contacts, collator), [contacts, collator]);
  const [group, setGroup] = useState(contact.group ?? '');
  const choices = useId();
  return (
    <NoteDialog
      title={t('people.group.title', { who: displayNameOf(contact) })}
      action={action}
      who={displayNameOf(contact)}
      onClose={onClose}
      onSave={async () => (await action.run('contact.set', { who: contact.id, group })) !== undefined}
    >
      <Field
        label={t('people.group.label')}
        hint={t('people.group.hint')}
        value={group}
        maxLength={64}
        list={choices}
        autoComplete="off"
        autoFocus
        onChange={(event) => setGroup(event.currentTarget.value)}
      />
      <datalist id={choices}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </NoteDialog>
  );
}

function NoteDialog({
  title,
  action,
  who,
  onClose,
  onSave,
  children,
}: {
  readonly title: string;
  readonly action: Action;
  readonly who: string;
  readonly onClose: () => void;
  /** @returns whether it went well */
  readonly onSave: () => Promise<boolean>;
  readonly children: ReactNode;
}): ReactElement {
  const { t } = useText();
  const form = useId();
  const save = async (event: SyntheticEvent) => {
    event.preventDefault();
    if (await onSave()) onClose();
  };
  return (
    <Dialog open title={title} onClose={onClose}>
      <form id={form} onSubmit={(event) => void save(event)}>
        {children}
      </form>
      <Failure error={action.error} who={who} />
      <DialogActions>
        <Button onClick={onClose}>{t('people.cancel')}</Button>
        <Button look="primary" type="submit" form={form} disabled={action.busy}>
          {t('people.save')}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

function ConfirmDialog({
  what,
  contact,
  onClose,
}: AboutContact & { readonly what: 'block' | 'remove' | 'history' }): ReactElement {
  const { t } = useText();
  const view = useViewModel();
  const { busy, error, run } = useAction();
  const who = displayNameOf(contact);
  const [withHistory, setWithHistory] = useState(false);
  const confirm = async () => {
    const done =
      what === 'history'
        ? await run('message.delete', { chat: contact.id })
        : await run(what === 'block' ? 'contact.block' : 'contact.remove', { who: contact.id });
    if (!done) return;
    if (what === 'remove' && withHistory && !(await run('message.delete', { chat: contact.id }))) return;
    if (what === 'history' || withHistory) reopen(view, contact.id);
    onClose();
  };
  return (
    <Dialog open title={t(`people.confirm.${what}`, { who })} onClose={onClose}>
      <p>{t(`people.confirm.${what}-means`, { who })}</p>
      {what === 'remove' && (
        <label>
          <input
            type="checkbox"
            checked={withHistory}
            onChange={(event) => setWithHistory(event.currentTarget.checked)}
          />{' '}
          {t('people.confirm.with-history')}
        </label>
      )}
      <Failure error={error} who={who} />
      <DialogActions>
        <Button autoFocus onClick={onClose}>
          {t('people.cancel')}
        </Button>
        <Button look="danger" disabled={busy} onClick={() => void confirm()}>
          {t(`people.confirm.${what}-yes`)}
        </Button>
      </DialogActions>
    </Dialog>
  );
}

/** Shows an open conversation anew: its rows are gone. */
function reopen(view: ReturnType<typeof useViewModel>, chat: string): void {
  if (view.store.getState().openChat !== chat) return;
  view.closeChat();
  view.openChat(chat);
}
