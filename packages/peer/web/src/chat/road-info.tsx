import { Popover } from '@base-ui/react/popover';
import type { ContactJson, RoadJson } from '@magpie/common/rpc/schemas.ts';
import { Lock } from 'lucide-react';
import type { ReactElement } from 'react';
import { useView } from '../connection/view.tsx';
import { RoadBadge, roadName } from '../design/road-badge.tsx';
import { goTo } from '../shell/navigation.ts';
import { roadSentence, roundTrip } from '../text/road-words.ts';
import { useText } from '../text/text.tsx';
import styles from './road-info.module.css';
import { roadSince } from './road-since.ts';
import { timesOf } from './times.ts';

const MAILBOX: RoadJson = { kind: 'mailbox', lan: false, rttMs: 0 };

/** The road that messages take now, and in one sentence why. */
export function RoadInfo({ contact }: { readonly contact: ContactJson }): ReactElement {
  const text = useText();
  const { t } = text;
  const path = useView((state) => state.paths.get(contact.id));
  const allNeverDirect = useView((state) => state.status?.neverDirect ?? false);
  // What the daemon last said, while it is away: how fast the road is now nobody knows.
  const isKnown = useView((state) => state.daemon.state === 'open');
  const last = path?.path ?? contact.path ?? MAILBOX;
  const road = isKnown ? last : { ...last, rttMs: 0 };
  const name = roadName(road);
  const since = roadSince(contact.id, name, Date.now());
  const locked = contact.neverDirect || allNeverDirect;
  const times = timesOf(text.language);
  return (
    <Popover.Root>
      <Popover.Trigger
        openOnHover
        delay={300}
        render={<RoadBadge road={road} isKnown={isKnown} aria-description={t('chat.road-explained')} />}
      />
      {locked && (
        <span className={styles.lock} title={t('chat.never-direct')}>
          <Lock size={14} aria-hidden="true" />
          <span className="visually-hidden">{t('chat.never-direct')}</span>
        </span>
      )}
      <Popover.Portal>
        <Popover.Positioner sideOffset={6} align="end">
          <Popover.Popup className={styles.popup} data-hint="">
            <Popover.Title className={styles.title}>{t(`chat.road.${name}`)}</Popover.Title>
            <Popover.Description>{roadSentence(path, contact.path, text)}</Popover.Description>
            <dl className={styles.facts}>
              {since !== undefined && (
                <>
                  <dt>{t('chat.road-since')}</dt>
                  <dd>{times.clock(new Date(since).toISOString())}</dd>
                </>
              )}
              {road.kind !== 'mailbox' && road.rttMs > 0 && (
                <>
                  <dt>{t('chat.road-rtt')}</dt>
                  <dd>{roundTrip(road.rttMs, text)}</dd>
                </>
              )}
              {path && path.packetsSent > 0 && (
                <>
                  <dt>{t('chat.road-packets')}</dt>
                  <dd>{t('chat.road-packets-value', { sent: path.packetsSent, received: path.packetsReceived })}</dd>
                </>
              )}
            </dl>
            <p className={styles.safe}>{t('chat.road-safe')}</p>
            <Popover.Close className={styles.more} onClick={() => goTo({ panel: 'about' })}>
              {t('chat.road-settings')}
            </Popover.Close>
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  );
}
