import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import {
  type ClipboardEvent,
  type KeyboardEvent,
  type ReactElement,
  type Ref,
  useImperativeHandle,
  useRef,
} from 'react';
import { usePreferences } from '../shell/preferences.ts';
import { useText } from '../text/text.tsx';
import styles from './composer.module.css';
import { ComposerBar } from './composer-bar.tsx';
import { bytesLeft, composerAction, sendableText } from './composer-keys.ts';
import { EmojiButton } from './emoji-button.tsx';
import { SendButton } from './send-button.tsx';
import { useComposerText } from './use-composer-text.ts';

export interface ComposerHandle {
  focus(): void;
  /** Leaves the edit or the reply; false when there is neither. */
  leave(): boolean;
}

export interface ComposerProps {
  readonly chat: string;
  readonly who: string;
  readonly replyTo: string | undefined;
  readonly editing: MessageJson | undefined;
  readonly note: string | undefined;
  readonly onReply: (id: string | undefined) => void;
  readonly onEdit: (message: MessageJson | undefined) => void;
  /** Files were dropped or pasted. */
  readonly onFiles: () => void;
  readonly onNoteRead: () => void;
  readonly onSent: () => void;
  /** Too many wait to be saved. */
  readonly onFull: () => void;
  /** Up in an empty field. */
  readonly onEditLast: () => void;
  readonly onScroll: (how: 'page-up' | 'page-down' | 'to-end') => void;
  readonly ref: Ref<ComposerHandle>;
}

/** Where one writes. The draft survives everything; input methods are never disturbed. */
export function Composer(props: ComposerProps): ReactElement {
  const { t } = useText();
  const field = useRef<HTMLTextAreaElement>(null);
  const sendWith = usePreferences((preferences) => preferences.sendWith);
  const draft = useComposerText(props);
  const left = bytesLeft(draft.text);
  const sendable = sendableText(draft.text);
  const isReady = sendable !== '' && (left === undefined || left >= 0) && !draft.saving;

  const leave = (): boolean => {
    if (props.editing) props.onEdit(undefined);
    else if (props.replyTo !== undefined) props.onReply(undefined);
    else return false;
    return true;
  };
  useImperativeHandle(props.ref, () => ({ focus: () => field.current?.focus(), leave }));

  const submit = () => {
    if (!isReady) return;
    draft.submit(sendable);
    field.current?.focus();
  };
  const insert = (text: string) => {
    const element = field.current;
    const start = element?.selectionStart ?? draft.text.length;
    const end = element?.selectionEnd ?? start;
    draft.change(draft.text.slice(0, start) + text + draft.text.slice(end), start + text.length);
    element?.focus();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    const isEmpty = draft.text === '' && !props.editing;
    const action = composerAction(keyOf(event), sendWith, isEmpty);
    if (action === 'none' || (action === 'leave' && !leave())) return;
    event.preventDefault();
    event.stopPropagation();
    if (action === 'send') submit();
    else if (action === 'new-line') insert('\n');
    else if (action === 'edit-last') props.onEditLast();
    else if (action !== 'leave') props.onScroll(action);
  };
  const onPaste = (event: ClipboardEvent) => {
    if (event.clipboardData.files.length === 0 || event.clipboardData.types.includes('text/plain')) return;
    event.preventDefault();
    props.onFiles();
  };

  return (
    <div className={styles.composer}>
      <ComposerBar {...props} error={draft.error} />
      <div className={styles.field}>
        <EmojiButton onPick={insert} onClosed={() => field.current?.focus()} />
        <textarea
          ref={(element) => {
            field.current = element;
            draft.attach(element);
          }}
          className={styles.text}
          rows={1}
          dir="auto"
          enterKeyHint={sendWith === 'enter' ? 'send' : 'enter'}
          aria-label={props.editing ? t('chat.edit-field') : t('chat.field', { who: props.who })}
          placeholder={props.editing ? t('chat.edit-field') : t('chat.field', { who: props.who })}
          value={draft.text}
          onChange={(event) => draft.change(event.target.value)}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <SendButton ready={isReady} editing={props.editing !== undefined} onSend={submit} />
      </div>
      {left !== undefined && (
        <p className={left < 0 ? styles.over : styles.counter} role={left < 0 ? 'alert' : undefined}>
          {left < 0 ? t('chat.too-long', { count: -left }) : t('chat.bytes-left', { count: left })}
        </p>
      )}
    </div>
  );
}

function keyOf(event: KeyboardEvent) {
  const { key, keyCode, shiftKey, ctrlKey, metaKey, altKey } = event;
  return { key, keyCode, shiftKey, ctrlKey, metaKey, altKey, isComposing: event.nativeEvent.isComposing };
}
