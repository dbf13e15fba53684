import type { RoadJson } from '@magpie/common/rpc/schemas.ts';
import { Mail, Network, Waypoints, Zap } from 'lucide-react';
import type { ComponentPropsWithRef, ReactElement } from 'react';
import { roundTrip } from '../text/road-words.ts';
import { useText } from '../text/text.tsx';
import styles from './road-badge.module.css';

export type RoadName = 'direct' | 'lan' | 'relay' | 'mailbox';

export function roadName(road: RoadJson): RoadName {
  return road.kind === 'direct' && road.lan ? 'lan' : road.kind;
}

const ICONS = { direct: Zap, lan: Network, relay: Waypoints, mailbox: Mail } as const;

export interface RoadBadgeProps extends ComponentPropsWithRef<'button'> {
  readonly road: RoadJson;
  /** Otherwise it is the road that was last heard of, and shown in grey. */
  readonly isKnown: boolean;
}

/** Icon, word and colour, with the milliseconds of a live road. A button, so that its explanation opens by keyboard too. */
export function RoadBadge({ road, isKnown, ...rest }: RoadBadgeProps): ReactElement {
  const text = useText();
  const { t } = text;
  const name = roadName(road);
  const Icon = ICONS[name];
  return (
    <button type="button" className={`${styles.badge} ${styles[isKnown ? name : 'unknown']}`} {...rest}>
      <Icon size={14} aria-hidden="true" />
      <span className={styles.word}>{t(`road.${name}`)}</span>
      {name !== 'mailbox' && road.rttMs > 0 && <span data-ms="">{` ${roundTrip(road.rttMs, text)}`}</span>}
    </button>
  );
}
