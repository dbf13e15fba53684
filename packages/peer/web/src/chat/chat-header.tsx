import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import { BellRing, Info, Search, ShieldAlert, ShieldCheck, Vibrate } from 'lucide-react';
import { type ReactElement, useState } from 'react';
import { Avatar } from '../design/avatar.tsx';
import { IconButton } from '../design/button.tsx';
import { Explained } from '../design/tooltip.tsx';
import { displayNameOf } from '../people/names.ts';
import { BackButton } from '../shell/back-button.tsx';
import { goTo, useNavigation } from '../shell/navigation.ts';
import { useText } from '../text/text.tsx';
import styles from './chat-header.module.css';
import { ChatMenu } from './chat-menu.tsx';
import { PresenceLine } from './presence-line.tsx';
import { RoadInfo } from './road-info.tsx';

/** Who one talks with, by which road, and what one can do with the conversation. */
export function ChatHeader({
  chat,
  contact,
  onNudge,
}: {
  readonly chat: string;
  readonly contact: ContactJson | undefined;
  /** @returns whether it went out, so that the button rests for a while */
  readonly onNudge: () => void;
}): ReactElement {
  const { t } = useText();
  const panel = useNavigation((navigation) => navigation.panel);
  const name = contact ? displayNameOf(contact) : chat;
  const isFriend = contact?.state === 'member';
  const toggle = (wanted: 'about' | 'find') => goTo({ panel: panel === wanted ? 'none' : wanted });
  return (
    <header className={styles.header}>
      <div className={styles.line}>
        <BackButton />
        <button
          type="button"
          className={styles.person}
          aria-label={t('chat.about-name', { who: name })}
          onClick={() => toggle('about')}
        >
          <Avatar name={name} number={chat} presence={contact?.presence} />
        </button>
        <div className={styles.who}>
          <div className={styles.names}>
            <h1 className={styles.name} dir="auto">
              {name}
            </h1>
            {contact?.alias && contact.displayName !== contact.alias && (
              <span className={styles.aside} dir="auto">
                {contact.displayName}
              </span>
            )}
            <span className={styles.aside}>{t('chat.number', { number: chat })}</span>
            {contact && <Trust contact={contact} />}
          </div>
          {contact && <PresenceLine contact={contact} />}
        </div>
        {contact && isFriend && (
          <span className={styles.road}>
            <RoadInfo contact={contact} />
          </span>
        )}
        <div className={styles.tools}>
          <NudgeButton isFriend={isFriend} onNudge={onNudge} />
          <IconButton label={t('chat.find')} aria-pressed={panel === 'find'} onClick={() => toggle('find')}>
            <Search size={18} aria-hidden="true" />
          </IconButton>
          <IconButton
            className={styles.roomy ?? ''}
            label={t('chat.about')}
            aria-pressed={panel === 'about'}
            onClick={() => toggle('about')}
          >
            <Info size={18} aria-hidden="true" />
          </IconButton>
          <ChatMenu chat={chat} contact={contact} name={name} onNudge={onNudge} />
        </div>
      </div>
    </header>
  );
}

/** A nudge every few seconds is a joke; more would be a nuisance. */
const NUDGE_REST_MS = 5_000;

function NudgeButton({
  isFriend,
  onNudge,
}: {
  readonly isFriend: boolean;
  readonly onNudge: () => void;
}): ReactElement {
  const { t } = useText();
  const [resting, setResting] = useState(false);
  return (
    <IconButton
      className={styles.wide ?? ''}
      label={t('chat.nudge')}
      disabled={!isFriend || resting}
      onClick={() => {
        onNudge();
        setResting(true);
        setTimeout(() => setResting(false), NUDGE_REST_MS);
      }}
    >
      {resting ? <BellRing size={18} aria-hidden="true" /> : <Vibrate size={18} aria-hidden="true" />}
    </IconButton>
  );
}

/** Whether the safety number was compared; whether the key is another one than before. */
function Trust({ contact }: { readonly contact: ContactJson }): ReactElement | null {
  const { t } = useText();
  const trouble = contact.keyChanged;
  if (!trouble && !contact.verified) return null;
  const Icon = trouble ? ShieldAlert : ShieldCheck;
  // A list in doubt stops sending as another key does.
  const what = !trouble ? 'verified' : contact.listBroken ? 'list-broken' : 'key-changed';
  return (
    <Explained tip={t(`chat.${what}-why`)}>
      <button
        type="button"
        className={`${styles.trust} ${trouble ? styles.trouble : ''}`}
        onClick={() => goTo({ panel: 'about' })}
      >
        <Icon size={14} aria-hidden="true" />
        <span className={styles.word}>{t(`chat.${what}`)}</span>
      </button>
    </Explained>
  );
}
