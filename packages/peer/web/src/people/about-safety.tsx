import type { ContactJson, SafetyJson } from '@magpie/common/rpc/schemas.ts';
import { ShieldAlert, ShieldCheck, ShieldQuestion } from 'lucide-react';
import { type ReactElement, useId, useState } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useFetched } from '../connection/use-fetched.ts';
import { Button } from '../design/button.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './about-panel.module.css';
import { displayNameOf } from './names.ts';
import { QrCode } from './qr-code.tsx';

const ICON = 18;

/** Whether it is them: the number to compare, and what to do when their key is another one. */
export function AboutSafety({ contact }: { readonly contact: ContactJson }): ReactElement | null {
  const { t } = useText();
  const title = useId();
  const { value, error } = useFetched('contact.safety', { who: contact.id });
  // Nobody whose key was never seen has a number.
  if (!value && (error?.code === 'NOT_FOUND' || !error)) return null;
  return (
    <section className={styles.section} aria-labelledby={title}>
      <h3 id={title}>{t('people.safety.title')}</h3>
      {value ? <Safety contact={contact} safety={value} /> : <Failure error={error} who={displayNameOf(contact)} />}
    </section>
  );
}

function Safety({ contact, safety }: { readonly contact: ContactJson; readonly safety: SafetyJson }): ReactElement {
  const { t } = useText();
  const who = displayNameOf(contact);
  const isStopped = contact.keyChanged;
  return (
    <>
      {isStopped ? (
        <div className={styles.alarm} role="alert">
          <p>
            <ShieldAlert size={ICON} aria-hidden="true" />{' '}
            <strong>{t(contact.listBroken ? 'people.safety.list-broken' : 'people.safety.changed', { who })}</strong>
          </p>
          <p>{t(contact.listBroken ? 'people.safety.list-broken-means' : 'people.safety.changed-means', { who })}</p>
        </div>
      ) : (
        <p className={contact.verified ? styles.verified : styles.note}>
          {contact.verified ? (
            <ShieldCheck size={ICON} aria-hidden="true" />
          ) : (
            <ShieldQuestion size={ICON} aria-hidden="true" />
          )}{' '}
          {t(contact.verified ? 'people.safety.verified' : 'people.safety.not-verified', { who })}
        </p>
      )}
      <ol className={styles.digits} aria-label={t('people.safety.digits')}>
        {groupsOf(safety.digits).map((group, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: twelve groups that never move, and may be equal
          <li key={index}>{group}</li>
        ))}
      </ol>
      <QrCode text={groupsOf(safety.digits).join('')} label={t('people.safety.qr')} />
      <p className={styles.note}>{t('people.safety.how', { who })}</p>
      {isStopped ? <KeyChoice contact={contact} safety={safety} /> : <Compare contact={contact} safety={safety} />}
    </>
  );
}

/** Twelve groups of five. */
function groupsOf(digits: string): readonly string[] {
  return digits.replace(/\D/g, '').match(/\d{5}/g) ?? [];
}

function Compare({ contact, safety }: { readonly contact: ContactJson; readonly safety: SafetyJson }): ReactElement {
  const { t } = useText();
  const { busy, error, run } = useAction();
  const [differs, setDiffers] = useState(false);
  const who = displayNameOf(contact);
  const judge = async (matches: boolean) => {
    setDiffers(!matches);
    await run('contact.verify', { who: contact.id, matches, acceptNewKey: false, digits: safety.digits });
  };
  return (
    <>
      {differs && (
        <p className={styles.alarm} role="alert">
          {t('people.safety.differs-means', { who })}
        </p>
      )}
      <Failure error={error} who={who} />
      <div className={styles.buttons}>
        {!contact.verified && (
          <Button look="primary" disabled={busy} onClick={() => void judge(true)}>
            {t('people.safety.matches')}
          </Button>
        )}
        <Button disabled={busy} onClick={() => void judge(false)}>
          {t(contact.verified ? 'people.safety.unverify' : 'people.safety.differs')}
        </Button>
      </div>
    </>
  );
}

/** R32: messages are held until the person has looked and decided. */
function KeyChoice({ contact, safety }: { readonly contact: ContactJson; readonly safety: SafetyJson }): ReactElement {
  const { t } = useText();
  const { busy, error, run } = useAction();
  const [isKept, setKept] = useState(false);
  const who = displayNameOf(contact);
  const accept = (matches: boolean) =>
    void run('contact.verify', { who: contact.id, matches, acceptNewKey: true, digits: safety.digits });
  return (
    <>
      <Failure error={error} who={who} />
      <div className={styles.buttons}>
        <Button look="primary" disabled={busy} onClick={() => accept(true)}>
          {t('people.safety.accept-compared')}
        </Button>
        <Button disabled={busy} onClick={() => accept(false)}>
          {t('people.safety.accept')}
        </Button>
        <Button disabled={busy} onClick={() => setKept(true)}>
          {t('people.safety.refuse')}
        </Button>
      </div>
      {isKept && (
        <p className={styles.note} role="status">
          {t('people.safety.refuse-means', { who })}
        </p>
      )}
    </>
  );
}
