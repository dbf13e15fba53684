import type { PathJson } from '@magpie/common/rpc/schemas.ts';
import type { ReactElement } from 'react';
import { useFetched } from '../connection/use-fetched.ts';
import { useView } from '../connection/view.tsx';
import { roadName } from '../design/road-badge.tsx';
import { displayNameOf } from '../people/names.ts';
import { Failure } from '../text/failure.tsx';
import { roadSentence } from '../text/road-words.ts';
import { useText } from '../text/text.tsx';
import styles from './road-table.module.css';
import settings from './settings.module.css';

/** Friends with an open road or one that is being opened; the others would fill pages with nothing. */
export function RoadTable({ everyMs }: { readonly everyMs: number }): ReactElement {
  const { t } = useText();
  const { value, error } = useFetched('net.path', {}, { everyMs });
  const paths = value?.items.filter((path) => path.path !== null || path.session !== 'none') ?? [];
  return (
    <div className={settings.card}>
      <h3 id="settings-roads">{t('settings.network.roads')}</h3>
      <Failure error={value ? undefined : error} />
      {value && paths.length === 0 && <p className={settings.note}>{t('settings.network.no-roads')}</p>}
      {paths.length > 0 && (
        <table className={styles.table} aria-labelledby="settings-roads">
          <thead>
            <tr>
              <th scope="col">{t('settings.network.friend')}</th>
              <th scope="col">{t('settings.network.road')}</th>
              <th scope="col">{t('settings.network.reason')}</th>
            </tr>
          </thead>
          <tbody>
            {paths.map((path) => (
              <Row key={path.id} path={path} />
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Row({ path }: { readonly path: PathJson }): ReactElement {
  const text = useText();
  const { t, has } = text;
  const contact = useView((state) => state.contacts.get(path.id));
  const reason = `path-reason.${path.reason}`;
  const state = `path-state.${path.state}`;
  return (
    <tr>
      <th scope="row">{contact ? displayNameOf(contact) : path.name}</th>
      <td>
        {path.path ? t(`road.${roadName(path.path)}`) : has(state) ? t(state) : path.state}
        {path.path && path.path.rttMs > 0 && ` ${t('road.ms', { ms: Math.max(1, Math.round(path.path.rttMs)) })}`}
      </td>
      <td>
        {roadSentence(path, contact?.path, text)}
        {has(reason) && <span className={styles.code}>{t('settings.network.engine-says', { reason: t(reason) })}</span>}
      </td>
    </tr>
  );
}
