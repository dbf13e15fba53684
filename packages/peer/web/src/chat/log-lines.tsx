import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { Vibrate } from 'lucide-react';
import { memo, type ReactElement } from 'react';
import { useText } from '../text/text.tsx';
import type { LogItem } from './log-items.ts';
import styles from './log-lines.module.css';
import { MessageRow } from './message-row.tsx';
import { StateGlyph, stateWord } from './message-state.tsx';
import { RoadThread } from './road-thread.tsx';
import { timesOf } from './times.ts';

interface LinesProps {
  readonly who: string;
  readonly active: string | undefined;
  readonly hot: string | undefined;
  readonly held: string | undefined;
  readonly flash: string | undefined;
  readonly newest: string | undefined;
  readonly atStart: boolean;
  readonly loadingOlder: boolean;
}

/** Every line of the log: messages, and what stands between them. */
export function LogLines(props: LinesProps & { readonly items: readonly LogItem[] }): ReactElement {
  const { t } = useText();
  return (
    <>
      {props.atStart ? (
        <li className={styles.start}>{t('chat.start', { who: props.who })}</li>
      ) : (
        <li className={styles.start}>{props.loadingOlder && t('chat.loading-older')}</li>
      )}
      {props.items.map((item) => (
        <Line key={item.key} item={item} lines={props} />
      ))}
    </>
  );
}

function Line({ item, lines }: { readonly item: LogItem; readonly lines: LinesProps }): ReactElement {
  const { t } = useText();
  const { key } = item;
  const row = { active: key === lines.active, flash: key === lines.flash, who: lines.who };
  switch (item.type) {
    case 'day':
      return <DayLine at={item.at} />;
    case 'unread':
      return (
        <li className={styles.unread} data-divider="">
          <span>{t('chat.new-messages')}</span>
        </li>
      );
    case 'system':
      return <SystemLine message={item.message} {...row} />;
    case 'nudge':
      return <NudgeLine message={item.message} {...row} />;
    case 'message':
      return (
        <MessageRow
          message={item.message}
          pending={item.pending}
          first={item.first}
          last={item.last}
          roadBegins={item.roadBegins}
          newest={key === lines.newest}
          hot={key === lines.hot || key === lines.held}
          {...row}
        />
      );
  }
}

const DayLine = memo(function DayLine({ at }: { readonly at: string }): ReactElement {
  const { language } = useText();
  const times = timesOf(language);
  return (
    <li className={styles.day}>
      <time dateTime={at} title={times.full(at)}>
        {times.day(at, Date.now())}
      </time>
    </li>
  );
});

interface LineProps {
  readonly message: MessageJson;
  readonly who: string;
  readonly active: boolean;
  readonly flash: boolean;
}

const SystemLine = memo(function SystemLine({ message, who, active, flash }: LineProps): ReactElement {
  const { t, has, language } = useText();
  const key = `system.${message.text}`;
  const words = has(key) ? t(key, { who }) : t('chat.system-unknown');
  return (
    <li
      className={styles.system}
      data-row={message.id}
      data-flash={flash || undefined}
      tabIndex={active ? 0 : -1}
      title={timesOf(language).full(message.at)}
    >
      <span>{words}</span>
    </li>
  );
});

const NudgeLine = memo(function NudgeLine({ message, who, active, flash }: LineProps): ReactElement {
  const text = useText();
  const { t, language } = text;
  const times = timesOf(language);
  const own = message.direction === 'out';
  return (
    <li
      className={styles.nudge}
      data-row={message.id}
      data-direction={message.direction}
      data-state={own ? message.state : undefined}
      data-flash={flash || undefined}
      tabIndex={active ? 0 : -1}
    >
      <RoadThread road={message.path} begins={false} />
      <Vibrate size={16} aria-hidden="true" />
      <span>{t(own ? 'chat.nudged-them' : 'chat.nudged-you', { who })}</span>
      <time dateTime={message.at} title={times.full(message.at)}>
        {times.clock(message.at)}
      </time>
      {own && <StateGlyph message={message} />}
      {own && message.state === 'refused' && <span className={styles.refused}>{stateWord(text, message)}</span>}
    </li>
  );
});
