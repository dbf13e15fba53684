import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import type { ReactElement } from 'react';
import { Button } from '../design/button.tsx';
import { useText } from '../text/text.tsx';
import styles from './about-panel.module.css';
import type { Asked } from './contact-dialog.tsx';

/** What only this profile knows of them. */
export function AboutNotes({
  contact,
  ask,
}: {
  readonly contact: ContactJson;
  readonly ask: (asked: Asked) => void;
}): ReactElement {
  const { t } = useText();
  const { id, alias, group } = contact;
  return (
    <dl className={styles.facts}>
      <div className={styles.fact}>
        <dt>{t('people.remark.label')}</dt>
        <dd className={alias === null ? styles.unset : undefined}>{alias ?? t('people.about.none')}</dd>
        <Change name={t('people.remark.label')} onClick={() => ask({ what: 'remark', id })} />
      </div>
      <div className={styles.fact}>
        <dt>{t('people.group.label')}</dt>
        <dd>{group ?? t('people.group.none')}</dd>
        <Change name={t('people.group.label')} onClick={() => ask({ what: 'group', id })} />
      </div>
    </dl>
  );
}

function Change({ name, onClick }: { readonly name: string; readonly onClick: () => void }): ReactElement {
  const { t } = useText();
  return (
    <dd className={styles.change}>
      <Button look="quiet" aria-label={t('people.about.change-what', { what: name })} onClick={onClick}>
        {t('people.about.change')}
      </Button>
    </dd>
  );
}
