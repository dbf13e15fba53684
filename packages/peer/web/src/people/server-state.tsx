import type { ReactElement } from 'react';
import { useView } from '../connection/view.tsx';
import { PresenceDot } from '../design/presence-dot.tsx';
import { useText } from '../text/text.tsx';
import styles from './friend-window.module.css';

const DOTS = {
  connected: 'online',
  connecting: 'away',
  waiting: 'away',
  stopped: 'offline',
  'signed-out': 'offline',
} as const;

/** The link of the daemon to the server, in one word; banners say more when it matters. */
export function ServerState(): ReactElement | null {
  const { t } = useText();
  const state = useView((view) => view.status?.server.state);
  if (!state) return null;
  return (
    <span className={styles.server}>
      <PresenceDot presence={DOTS[state]} />
      {t(`people.server.${state}`)}
    </span>
  );
}
