import type { PolicyJson } from '@magpie/common/rpc/schemas.ts';
import { type ReactElement, type SyntheticEvent, useState } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useFetched } from '../connection/use-fetched.ts';
import { Button } from '../design/button.tsx';
import { Choice } from '../design/choice.tsx';
import { Field } from '../design/field.tsx';
import { Switch } from '../design/switch.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './settings.module.css';

/** What friends and strangers learn, and who may knock. */
export function PrivacySettings(): ReactElement {
  return (
    <>
      <Signs />
      <Policy />
      <NeverDirect />
    </>
  );
}

function Signs(): ReactElement {
  const { t } = useText();
  const { value, error, keep } = useFetched('privacy.get', {});
  const action = useAction();
  const set = async (patch: { readonly sendTyping?: boolean; readonly sendReadReceipts?: boolean }) => {
    const now = await action.run('privacy.set', patch);
    if (now) keep(now);
  };
  return (
    <div className={styles.card}>
      <Switch
        label={t('settings.privacy.typing')}
        hint={t('settings.privacy.typing-means')}
        checked={value?.sendTyping ?? false}
        disabled={!value || action.busy}
        onChange={(sendTyping) => void set({ sendTyping })}
      />
      <Switch
        label={t('settings.privacy.receipts')}
        hint={t('settings.privacy.receipts-means')}
        checked={value?.sendReadReceipts ?? false}
        disabled={!value || action.busy}
        onChange={(sendReadReceipts) => void set({ sendReadReceipts })}
      />
      <p className={styles.note}>{t('settings.privacy.invisible')}</p>
      <Failure error={action.error ?? error} />
    </div>
  );
}

function Policy(): ReactElement {
  const { t } = useText();
  const { value, error, keep } = useFetched('account.policy', {});
  const action = useAction();
  const [asksQuestion, setAsksQuestion] = useState(false);
  const set = async (patch: Partial<PolicyJson>) => {
    const now = await action.run('account.setPolicy', patch);
    if (now) keep(now);
    return now !== undefined;
  };
  const ask = asksQuestion ? 'question' : value?.ask;
  const choose = (chosen: PolicyJson['ask']) => {
    // Without its question the choice would mean nothing: it holds when the question is saved.
    setAsksQuestion(chosen === 'question' && value?.question === '');
    if (chosen !== 'question' || value?.question !== '') void set({ ask: chosen });
  };
  return (
    <div className={styles.card}>
      <Choice
        label={t('settings.privacy.ask')}
        value={ask}
        disabled={!value || action.busy}
        options={[
          { value: 'anyone', label: t('settings.privacy.ask.anyone') },
          { value: 'question', label: t('settings.privacy.ask.question') },
          { value: 'nobody', label: t('settings.privacy.ask.nobody'), hint: t('settings.privacy.ask.nobody-means') },
        ]}
        onChange={choose}
      />
      {value && ask === 'question' && (
        <Question
          key={value.question}
          kept={value.question}
          busy={action.busy}
          onSave={async (question) => {
            if (await set({ ask: 'question', question })) setAsksQuestion(false);
          }}
        />
      )}
      <Switch
        label={t('settings.privacy.last-seen')}
        hint={t('settings.privacy.last-seen-means')}
        checked={value?.showLastSeen ?? false}
        disabled={!value || action.busy}
        onChange={(showLastSeen) => void set({ showLastSeen })}
      />
      <Failure error={action.error ?? (value ? undefined : error)} />
    </div>
  );
}

function Question({
  kept,
  busy,
  onSave,
}: {
  readonly kept: string;
  readonly busy: boolean;
  readonly onSave: (question: string) => Promise<void>;
}): ReactElement {
  const { t } = useText();
  const [question, setQuestion] = useState(kept);
  const save = (event: SyntheticEvent) => {
    event.preventDefault();
    if (question.trim() !== '') void onSave(question);
  };
  return (
    <form className={styles.form} onSubmit={save}>
      <Field
        label={t('settings.privacy.question')}
        hint={t('settings.privacy.question-hint')}
        value={question}
        maxLength={80}
        required
        onChange={(event) => setQuestion(event.currentTarget.value)}
      />
      <div className={styles.row}>
        <Button type="submit" look="primary" disabled={busy || question.trim() === '' || question === kept}>
          {t('settings.save')}
        </Button>
      </div>
    </form>
  );
}

function NeverDirect(): ReactElement {
  const { t } = useText();
  const { value, error, reload } = useFetched('status', {});
  const action = useAction();
  const set = async (on: boolean) => {
    if (await action.run('net.neverDirect', { on })) reload();
  };
  return (
    <div className={styles.card}>
      <Switch
        label={t('settings.privacy.never-direct')}
        hint={t('settings.privacy.never-direct-means')}
        checked={value?.neverDirect ?? false}
        disabled={!value || action.busy}
        onChange={(on) => void set(on)}
      />
      <Failure error={action.error ?? (value ? undefined : error)} />
    </div>
  );
}
