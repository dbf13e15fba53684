import type { RoadJson } from '@magpie/common/rpc/schemas.ts';
import { Network, Waypoints, Zap } from 'lucide-react';
import type { ReactElement } from 'react';
import { roadName } from '../design/road-badge.tsx';
import { roundTrip } from '../text/road-words.ts';
import { useText } from '../text/text.tsx';
import styles from './rows.module.css';

const ICONS = { direct: Zap, lan: Network, relay: Waypoints } as const;

/**
 * A live road to a friend: what the badge says, without being a button. The mailbox is no live road.
 * @param isShort for lists: the word is only heard, the milliseconds stand for it
 */
export function RoadMark({
  road,
  isShort = false,
}: {
  readonly road: RoadJson;
  readonly isShort?: boolean;
}): ReactElement | null {
  const text = useText();
  const { t } = text;
  const name = roadName(road);
  if (name === 'mailbox') return null;
  const Icon = ICONS[name];
  return (
    <span className={`${styles.road} ${styles[name]}`}>
      <Icon size={13} aria-hidden="true" />
      <span className={isShort && road.rttMs > 0 ? 'visually-hidden' : undefined}>{t(`road.${name}`)}</span>
      {road.rttMs > 0 && roundTrip(road.rttMs, text)}
    </span>
  );
}
