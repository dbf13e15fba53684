import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import { type ReactElement, useId } from 'react';
import { openingCommand } from '../connection/profile-folder.ts';
import { useAction } from '../connection/use-action.ts';
import { Button } from '../design/button.tsx';
import { CommandLine } from '../design/command-line.tsx';
import { Failure } from '../text/failure.tsx';
import { useText } from '../text/text.tsx';
import styles from './about-panel.module.css';
import type { Asked } from './contact-dialog.tsx';
import { displayNameOf, typedNameOf } from './names.ts';

/** Keeping or deleting the history, and how to part; what cannot be undone asks once more. */
export function AboutActions({
  contact,
  ask,
}: {
  readonly contact: ContactJson;
  readonly ask: (asked: Asked) => void;
}): ReactElement {
  const { t } = useText();
  const title = useId();
  const { busy, error, run } = useAction();
  const { id, state } = contact;
  const who = typedNameOf(contact);
  return (
    <section className={styles.section} aria-labelledby={title}>
      <h3 id={title}>{t('people.about.history')}</h3>
      <p className={styles.note}>{t('people.about.export')}</p>
      <CommandLine>{openingCommand(`msg export ${who} --output ${who}.jsonl`)}</CommandLine>
      <div className={styles.buttons}>
        <Button onClick={() => ask({ what: 'history', id })}>{t('people.menu.history')}</Button>
      </div>
      <div className={`${styles.buttons} ${styles.parting}`}>
        {state === 'blocked' ? (
          <Button disabled={busy} onClick={() => void run('contact.unblock', { who: id })}>
            {t('people.unblock')}
          </Button>
        ) : (
          <Button onClick={() => ask({ what: 'block', id })}>{t('people.menu.block')}</Button>
        )}
        {state === 'member' && <Button onClick={() => ask({ what: 'remove', id })}>{t('people.menu.remove')}</Button>}
      </div>
      <Failure error={error} who={displayNameOf(contact)} />
    </section>
  );
}
