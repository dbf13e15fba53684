import type { NetStatusJson } from '@magpie/common/rpc/schemas.ts';
import type { ReactElement } from 'react';
import { useFetched } from '../connection/use-fetched.ts';
import { Failure } from '../text/failure.tsx';
import { roundTrip } from '../text/road-words.ts';
import { type Text, useText } from '../text/text.tsx';
import { RoadList } from './road-list.tsx';
import styles from './settings.module.css';
import { momentText, numberText } from './words.ts';

/** Often enough to watch a road change. */
const LOOK_EVERY_MS = 2_000;

/** How messages travel: the link to the server, UDP, and the road to each friend with its reason. */
export function NetworkSettings(): ReactElement {
  const { t } = useText();
  const net = useFetched('net.status', {}, { everyMs: LOOK_EVERY_MS });
  return (
    <>
      <Failure error={net.value ? undefined : net.error} />
      {net.value && <ServerLink server={net.value.server} />}
      {net.value && <Udp udp={net.value.udp} />}
      <RoadList everyMs={LOOK_EVERY_MS} />
      <div className={styles.card}>
        <h3>{t('settings.network.why-relay')}</h3>
        <p>{t('settings.network.why-relay-1')}</p>
        <p>{t('settings.network.why-relay-2')}</p>
      </div>
    </>
  );
}

function ServerLink({ server }: { readonly server: NetStatusJson['server'] }): ReactElement {
  const text = useText();
  const { t, locale } = text;
  const cause = server.lastError && server.state !== 'connected' ? causeText(server.lastError, text) : '';
  return (
    <div className={styles.card}>
      <h3>{t('settings.network.server')}</h3>
      <dl className={styles.facts}>
        <dt>{t('settings.network.state')}</dt>
        <dd>{t(`link.${server.state}`)}</dd>
        {server.rttMs !== null && (
          <>
            <dt>{t('settings.network.rtt')}</dt>
            <dd>{roundTrip(server.rttMs, text)}</dd>
          </>
        )}
        {cause && (
          <>
            <dt>{t('settings.network.cause')}</dt>
            <dd>{cause}</dd>
          </>
        )}
        {server.retryAt && server.state === 'waiting' && (
          <>
            <dt>{t('settings.network.retry')}</dt>
            <dd>{momentText(server.retryAt, locale)}</dd>
          </>
        )}
      </dl>
      {server.state !== 'connected' && <p className={styles.note}>{t('settings.network.safe')}</p>}
    </div>
  );
}

/** Codes of the server, of a command, or of the link itself. */
function causeText(code: string, { t, has }: Text): string {
  const values = { who: '', because: '', cause: code };
  for (const key of [`refusal.${code}`, `error.${code}`, `link-error.${code}`]) if (has(key)) return t(key, values);
  return code;
}

function Udp({ udp }: { readonly udp: NetStatusJson['udp'] }): ReactElement {
  const { t, locale } = useText();
  const ports = [udp.port4 !== null && `IPv4 ${udp.port4}`, udp.port6 !== null && `IPv6 ${udp.port6}`].filter(Boolean);
  return (
    <div className={styles.card}>
      <h3>{t('settings.network.udp')}</h3>
      {udp.enabled ? (
        <dl className={styles.facts}>
          <dt>{t('settings.network.ports')}</dt>
          <dd>{ports.length > 0 ? ports.join(' · ') : t('settings.network.no-port')}</dd>
          <dt>{t('settings.network.reflexive')}</dt>
          <dd>{t('settings.network.reflexive-count', { count: udp.reflexive.length })}</dd>
          <dt>{t('settings.network.sent')}</dt>
          <dd>{numberText(udp.datagramsSent, locale)}</dd>
          <dt>{t('settings.network.received')}</dt>
          <dd>{numberText(udp.datagramsReceived, locale)}</dd>
        </dl>
      ) : (
        <p>{t('settings.network.udp-off')}</p>
      )}
      {udp.enabled && udp.reflexive.length === 0 && <p className={styles.note}>{t('settings.network.no-reflexive')}</p>}
    </div>
  );
}
