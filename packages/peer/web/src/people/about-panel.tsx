import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import { X } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { IconButton } from '../design/button.tsx';
import { goTo } from '../shell/navigation.ts';
import { useText } from '../text/text.tsx';
import { AboutActions } from './about-actions.tsx';
import { AboutNotes } from './about-notes.tsx';
import styles from './about-panel.module.css';
import { AboutProfile } from './about-profile.tsx';
import { AboutRoad } from './about-road.tsx';
import { AboutSafety } from './about-safety.tsx';
import { type Asked, ContactDialog } from './contact-dialog.tsx';

/** All about one person: who they are, what they are called here, the road to them, their key, and how to part. */
export function AboutPanel({ contact }: { readonly contact: ContactJson }): ReactElement {
  const { t } = useText();
  const [asked, setAsked] = useState<Asked>();
  const isFriend = contact.state === 'member';
  return (
    <div className={styles.panel}>
      <div className={styles.head}>
        <h2>{t('people.about.title')}</h2>
        <IconButton label={t('people.about.close')} onClick={() => goTo({ panel: 'none' })}>
          <X size={18} aria-hidden="true" />
        </IconButton>
      </div>
      <AboutProfile contact={contact} />
      {isFriend && <AboutNotes contact={contact} ask={setAsked} />}
      {isFriend && <AboutRoad contact={contact} />}
      <AboutSafety
        key={`${contact.id} ${contact.keyChanged} ${contact.listBroken} ${contact.verified}`}
        contact={contact}
      />
      <AboutActions contact={contact} ask={setAsked} />
      <ContactDialog asked={asked} onClose={() => setAsked(undefined)} />
    </div>
  );
}
