import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { PendingMessage } from '@magpie/common/view/view-state.ts';
import { memo, type ReactElement } from 'react';
import { Avatar } from '../design/avatar.tsx';
import type { RoadName } from '../design/road-badge.tsx';
import { type Text, useText } from '../text/text.tsx';
import { MessageMeta } from './message-meta.tsx';
import styles from './message-row.module.css';
import { StateGlyph, stateWord } from './message-state.tsx';
import { MessageText } from './message-text.tsx';
import { Quote } from './quote.tsx';
import { Reactions } from './reactions.tsx';
import { excerpt } from './rich-text.ts';
import { RoadThread } from './road-thread.tsx';
import { RowTools } from './row-tools.tsx';
import { timesOf } from './times.ts';

/** So much of a message is said as the name of its row; the text itself follows. */
const NAME_CHARACTERS_MAX = 300;

export interface MessageRowProps {
  readonly message: MessageJson;
  readonly pending: PendingMessage | undefined;
  readonly first: boolean;
  readonly last: boolean;
  readonly roadBegins: RoadName | undefined;
  /** What the other side is called. */
  readonly who: string;
  /** The newest own message says its state as a word. */
  readonly newest: boolean;
  /** The Tab key reaches this row. */
  readonly active: boolean;
  /** Pointer or focus is on it: its tools are there. */
  readonly hot: boolean;
  /** It was jumped to just now. */
  readonly flash: boolean;
}

/** One message. Drawn again only when something of it changes, so that a long conversation stays quick. */
export const MessageRow = memo(function MessageRow(props: MessageRowProps): ReactElement {
  const { message, pending, first, last, who } = props;
  const text = useText();
  const own = message.direction === 'out';
  const isPending = pending !== undefined;
  return (
    <li
      className={`${styles.row} ${own ? styles.own : styles.other} ${first ? styles.first : ''}`}
      data-row={message.id}
      data-direction={message.direction}
      data-state={own && !isPending ? message.state : undefined}
      data-flash={props.flash || undefined}
      tabIndex={props.active ? 0 : -1}
      aria-label={rowName(text, message, isPending, who)}
    >
      <RoadThread road={message.path} begins={props.roadBegins !== undefined} />
      {!own && <span className={styles.side}>{first && <Avatar name={who} number={message.from} size="small" />}</span>}
      <div className={styles.stack}>
        <div className={styles.line}>
          <div className={styles.bubble} data-bubble="">
            {message.replyTo !== null && <Quote chat={message.chat} id={message.replyTo} />}
            <Body message={message} />
            <Reactions message={message} />
          </div>
          {own && !last && <StateGlyph message={message} isPending={isPending} />}
          {props.hot && <RowTools message={message} pending={pending} />}
        </div>
        <MessageMeta message={message} pending={pending} last={last} newest={props.newest} />
      </div>
    </li>
  );
});

function Body({ message }: { readonly message: MessageJson }): ReactElement {
  const { t } = useText();
  if (message.recalled) {
    return (
      <p className={styles.placeholder}>{t(message.direction === 'out' ? 'chat.recalled-own' : 'chat.recalled')}</p>
    );
  }
  if (message.kind !== 'text') return <p className={styles.placeholder}>{t('chat.unsupported')}</p>;
  return <MessageText text={message.text} />;
}

/** Who, what, when and how it stands, for those who hear the log. */
function rowName(text: Text, message: MessageJson, isPending: boolean, who: string): string {
  const { t, language } = text;
  const said = message.recalled
    ? t(message.direction === 'out' ? 'chat.recalled-own' : 'chat.recalled')
    : message.kind === 'text'
      ? excerpt(message.text, NAME_CHARACTERS_MAX)
      : t('chat.unsupported');
  const values = { who, text: said, time: timesOf(language).clock(message.at) };
  if (message.direction === 'in') return t('chat.row-name', values);
  return t('chat.row-name-own', { ...values, state: stateWord(text, message, isPending) });
}
