import type { PathJson } from '@magpie/common/rpc/schemas.ts';
import type { ReactElement } from 'react';
import { useFetched } from '../connection/use-fetched.ts';
import { useView } from '../connection/view.tsx';
import { roadName } from '../design/road-badge.tsx';
import { displayNameOf } from '../people/names.ts';
import { Failure } from '../text/failure.tsx';
import { roadSentence, roundTrip } from '../text/road-words.ts';
import { useText } from '../text/text.tsx';
import styles from './settings.module.css';

/** Friends with an open road or one that is being opened; the others would fill pages with nothing. */
export function RoadList({ everyMs }: { readonly everyMs: number }): ReactElement {
  const { t } = useText();
  const { value, error } = useFetched('net.path', {}, { everyMs });
  const paths = value?.items.filter((path) => path.path !== null || path.session !== 'none') ?? [];
  return (
    <div className={styles.card}>
      <h3 id="settings-roads">{t('settings.network.roads')}</h3>
      <Failure error={value ? undefined : error} />
      {value && paths.length === 0 && <p className={styles.note}>{t('settings.network.no-roads')}</p>}
      {paths.length > 0 && (
        <ul className={styles.list} aria-labelledby="settings-roads">
          {paths.map((path) => (
            <Road key={path.id} path={path} />
          ))}
        </ul>
      )}
    </div>
  );
}

function Road({ path }: { readonly path: PathJson }): ReactElement {
  const text = useText();
  const { t, has } = text;
  const contact = useView((state) => state.contacts.get(path.id));
  const reason = `path-reason.${path.reason}`;
  const state = `path-state.${path.state}`;
  const road = path.path ? t(`road.${roadName(path.path)}`) : has(state) ? t(state) : path.state;
  const rtt = path.path && path.path.rttMs > 0 ? roundTrip(path.path.rttMs, text) : '';
  return (
    <li className={styles.item}>
      <div className={styles.words}>
        <p className={styles.strong}>
          {contact ? displayNameOf(contact) : path.name} · {road} {rtt}
        </p>
        <p>{roadSentence(path, contact?.path, text)}</p>
        <p className={styles.note}>
          {has(reason) && `${t('settings.network.engine-says', { reason: t(reason) })} · `}
          {t('settings.network.packets', {
            sent: path.packetsSent,
            received: path.packetsReceived,
            lost: path.packetsLost,
          })}
        </p>
      </div>
    </li>
  );
}
