import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { type ReactElement, useEffect, useState } from 'react';
import { useView, useViewModel } from '../connection/view.tsx';
import { displayNameOf } from '../people/names.ts';
import { type Text, useText } from '../text/text.tsx';
import { useChatActions } from './chat-actions.ts';
import styles from './quote.module.css';
import { excerpt } from './rich-text.ts';

const INDEXES = new WeakMap<readonly MessageJson[], ReadonlyMap<string, MessageJson>>();

/** Rows by id, made once for each state of the rows. */
export function rowById(rows: readonly MessageJson[] | undefined, id: string): MessageJson | undefined {
  if (!rows) return undefined;
  const known = INDEXES.get(rows);
  if (known) return known.get(id);
  const made = new Map(rows.map((row) => [row.id, row]));
  INDEXES.set(rows, made);
  return made.get(id);
}

/** A message, from the rows that are shown or else from the daemon; null: there is none with that id. */
export function useMessage(chat: string, id: string): MessageJson | null | undefined {
  const view = useViewModel();
  const shown = useView((state) => rowById(state.conversations.get(chat)?.rows, id));
  const isOpen = useView((state) => state.daemon.state === 'open');
  const [fetched, setFetched] = useState<MessageJson | null>();
  const isNeeded = !shown && isOpen && fetched === undefined;
  useEffect(() => {
    if (!isNeeded) return;
    let current = true;
    void view.call('message.show', { id }).then((result) => {
      if (!current) return;
      if (result.ok) setFetched(result.value);
      else if (result.error.code === 'NOT_FOUND') setFetched(null);
    });
    return () => {
      current = false;
    };
  }, [view, id, isNeeded]);
  return shown ?? fetched;
}

/** What a message answers; a click goes there. */
export function Quote({ chat, id }: { readonly chat: string; readonly id: string }): ReactElement {
  const text = useText();
  const original = useMessage(chat, id);
  const actions = useChatActions();
  const who = useAuthor(chat, original ?? undefined);
  if (!original) {
    return <p className={styles.missing}>{text.t(original === null ? 'chat.quote-unknown' : 'chat.quote-loading')}</p>;
  }
  return (
    <button
      type="button"
      className={styles.quote}
      tabIndex={-1}
      title={text.t('chat.quote-jump')}
      onClick={() => actions.jumpTo(id)}
    >
      <span className={styles.who}>{who}</span>
      <span className={styles.said}>{saidIn(text, original)}</span>
    </button>
  );
}

export function useAuthor(chat: string, message: MessageJson | undefined): string {
  const { t } = useText();
  const contact = useView((state) => state.contacts.get(chat));
  if (message?.direction === 'out') return t('chat.you');
  return contact ? displayNameOf(contact) : chat;
}

/** One line of what a message says, whatever kind it is. */
export function saidIn({ t }: Text, message: MessageJson): string {
  if (message.recalled) return t('chat.recalled-short');
  if (message.kind === 'nudge') return t('chat.nudge-short');
  return message.kind === 'text' ? excerpt(message.text) : t('chat.unsupported-short');
}
