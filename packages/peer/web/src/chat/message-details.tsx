import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { Fragment, type ReactElement } from 'react';
import { Button } from '../design/button.tsx';
import { Dialog, DialogActions } from '../design/dialog.tsx';
import { roadName } from '../design/road-badge.tsx';
import { roundTrip } from '../text/road-words.ts';
import { useText } from '../text/text.tsx';
import styles from './message-details.module.css';
import { stateSentence, stateWord } from './message-state.tsx';
import { useMessage } from './quote.tsx';
import { timesOf } from './times.ts';

/** How a message travelled: its state and what that means, its road, device, place in the order. */
export function MessageDetails({
  message: opened,
  who,
  onClose,
}: {
  readonly message: MessageJson;
  readonly who: string;
  readonly onClose: () => void;
}): ReactElement {
  const text = useText();
  const { t, language } = text;
  const message = useMessage(opened.chat, opened.id) ?? opened;
  const times = timesOf(language);
  const { path } = message;
  const rtt = path && path.kind !== 'mailbox' && path.rttMs > 0 ? ` · ${roundTrip(path.rttMs, text)}` : '';
  const own = message.direction === 'out';
  const facts: readonly (readonly [string, string])[] = [
    [t('chat.detail.from'), own ? t('chat.you') : who],
    [t('chat.detail.at'), times.full(message.at)],
    ...(own
      ? [
          [
            t('chat.detail.state'),
            t('chat.detail.state-value', { state: stateWord(text, message), means: stateSentence(text, message) }),
          ] as const,
        ]
      : []),
    ...(message.expiresAt !== null ? [[t('chat.detail.expires'), times.full(message.expiresAt)] as const] : []),
    [t('chat.detail.road'), path ? `${t(`road.${roadName(path)}`)}${rtt}` : t('chat.detail.no-road')],
    ...(message.editedAt !== null ? [[t('chat.detail.edited'), times.full(message.editedAt)] as const] : []),
    [t('chat.detail.device'), message.device],
    [t('chat.detail.sequence'), String(message.sequence)],
    [t('chat.detail.id'), message.id],
  ];
  return (
    <Dialog open title={t('chat.details')} onClose={onClose}>
      <dl className={styles.facts}>
        {facts.map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
      </dl>
      <DialogActions>
        <Button onClick={onClose}>{t('chat.close-details')}</Button>
      </DialogActions>
    </Dialog>
  );
}
