import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import { type ReactElement, useId } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useView } from '../connection/view.tsx';
import { Switch } from '../design/switch.tsx';
import { Failure } from '../text/failure.tsx';
import { roadSentence } from '../text/road-words.ts';
import { useText } from '../text/text.tsx';
import styles from './about-panel.module.css';
import { displayNameOf } from './names.ts';
import { RoadMark } from './road-mark.tsx';

/** The road to a friend and why it is this one, with the choice of never going directly. */
export function AboutRoad({ contact }: { readonly contact: ContactJson }): ReactElement {
  const text = useText();
  const { t } = text;
  const title = useId();
  const path = useView((state) => state.paths.get(contact.id));
  const neverDirectAll = useView((state) => state.status?.neverDirect ?? false);
  const { busy, error, run } = useAction();
  const road = path?.path ?? contact.path;
  const packets = path && path.packetsSent + path.packetsReceived > 0;
  return (
    <section className={styles.section} aria-labelledby={title}>
      <h3 id={title}>{t('people.road.title')}</h3>
      {road && <RoadMark road={road} />}
      <p className={styles.note}>{roadSentence(path, contact.path, text)}</p>
      {packets && (
        <p className={styles.note}>
          {t('people.road.packets', {
            sent: path.packetsSent,
            received: path.packetsReceived,
            lost: path.packetsLost,
          })}
        </p>
      )}
      <Switch
        label={t('people.road.never-direct')}
        hint={t(neverDirectAll ? 'people.road.never-direct-all' : 'people.road.never-direct-means')}
        checked={contact.neverDirect || neverDirectAll}
        disabled={busy || neverDirectAll}
        onChange={(neverDirect) => void run('contact.set', { who: contact.id, neverDirect })}
      />
      <Failure error={error} who={displayNameOf(contact)} />
      {contact.missing > 0 && <p className={styles.note}>{t('people.about.missing', { count: contact.missing })}</p>}
    </section>
  );
}
