import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useAction } from '../connection/use-action.ts';
import { useView, useViewModel } from '../connection/view.tsx';

export interface ComposerText {
  readonly text: string;
  /** An edit is on its way. */
  readonly saving: boolean;
  readonly error: RpcError | undefined;
  /** @param caret where the cursor goes, when not where the browser has put it */
  change(text: string, caret?: number): void;
  submit(text: string): void;
  attach(field: HTMLTextAreaElement | null): void;
}

interface Options {
  readonly chat: string;
  readonly replyTo: string | undefined;
  readonly editing: MessageJson | undefined;
  readonly onReply: (id: string | undefined) => void;
  readonly onEdit: (message: MessageJson | undefined) => void;
  readonly onSent: () => void;
  /** Too many wait to be saved: it was not sent, and stays where it is written. */
  readonly onFull: () => void;
}

/** What stands in the field: the draft of the conversation, or the message that is being edited. */
export function useComposerText(options: Options): ComposerText {
  const { chat, replyTo, editing, onReply, onEdit, onSent, onFull } = options;
  const view = useViewModel();
  const action = useAction();
  const kept = useView((state) => state.drafts.get(chat));
  const [text, setText] = useState(kept?.text ?? '');
  const [edit, setEdit] = useState<{ readonly of: MessageJson; readonly text: string }>();
  /** What this field has told the model last; anything else comes from another face. */
  const told = useRef({ text: kept?.text ?? '', replyTo });
  const field = useRef<HTMLTextAreaElement | null>(null);
  const caret = useRef<number | undefined>(undefined);
  const { clear } = action;

  // Another page or terminal wrote on this draft; or the reply of a draft was found when the conversation opened.
  useEffect(() => {
    const keptText = kept?.text ?? '';
    const keptReply = kept?.replyTo ?? undefined;
    if (keptText === told.current.text && keptReply === told.current.replyTo) return;
    told.current = { text: keptText, replyTo: keptReply };
    setText(keptText);
    onReply(keptReply);
  }, [kept, onReply]);

  // Choosing what to answer is part of the draft.
  useEffect(() => {
    if (replyTo === told.current.replyTo) return;
    told.current = { text: told.current.text, replyTo };
    view.setDraft(chat, told.current.text, replyTo);
  }, [view, chat, replyTo]);

  useEffect(() => {
    // What was changed of it before and not saved is not there when it is edited again.
    setEdit(undefined);
    clear();
    if (editing) field.current?.focus();
  }, [editing, clear]);

  useLayoutEffect(() => {
    if (caret.current === undefined) return;
    field.current?.setSelectionRange(caret.current, caret.current);
    caret.current = undefined;
  });

  const change = (next: string, at?: number): void => {
    caret.current = at;
    if (editing) return setEdit({ of: editing, text: next });
    setText(next);
    told.current = { text: next, replyTo };
    view.setDraft(chat, next, replyTo);
    view.noteTyping(chat, next !== '');
  };

  const submit = (ready: string): void => {
    if (editing) return void saveEdit(editing, ready);
    if (!view.send(chat, ready, replyTo)) return onFull();
    told.current = { text: '', replyTo: undefined };
    setText('');
    onReply(undefined);
    onSent();
  };

  const saveEdit = async (message: MessageJson, ready: string): Promise<void> => {
    if (ready === message.text) return onEdit(undefined);
    if (await action.run('message.edit', { id: message.id, text: ready })) onEdit(undefined);
  };

  const edited = edit?.of === editing ? edit?.text : editing?.text;
  return {
    text: edited ?? text,
    saving: action.busy,
    error: action.error,
    change,
    submit,
    attach: (element) => {
      field.current = element;
    },
  };
}
