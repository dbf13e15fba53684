import type { RoadJson } from '@magpie/common/rpc/schemas.ts';
import { Mail, Network, Waypoints, Zap } from 'lucide-react';
import type { ReactElement } from 'react';
import { roadName } from '../design/road-badge.tsx';
import { useText } from '../text/text.tsx';
import styles from './road-thread.module.css';

const ICONS = { direct: Zap, lan: Network, relay: Waypoints, mailbox: Mail } as const;

/**
 * The thread down the side of a conversation: its colour tells by which road each stretch came, and where a stretch
 * begins a sign and a word say so too.
 */
export function RoadThread({
  road,
  begins,
}: {
  readonly road: RoadJson | null;
  readonly begins: boolean;
}): ReactElement {
  const { t } = useText();
  if (!road) return <span className={styles.thread} aria-hidden="true" />;
  const name = roadName(road);
  const Icon = ICONS[name];
  const word = t(`road.${name}`);
  return (
    <span className={`${styles.thread} ${styles[name]}`} title={t('chat.came-by', { road: word })}>
      {begins && (
        <span className={styles.sign}>
          <Icon size={12} aria-hidden="true" />
          <span className="visually-hidden">{t('chat.came-by', { road: word })}</span>
        </span>
      )}
    </span>
  );
}
