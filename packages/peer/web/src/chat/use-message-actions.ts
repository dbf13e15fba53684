import type { Result } from '@magpie/common/result.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { useCallback, useMemo, useState } from 'react';
import { useViewModel } from '../connection/view.tsx';
import { useText } from '../text/text.tsx';
import { type Anchor, type ChatActions, isChangeable, staying } from './chat-actions.ts';

/** What stands over the log; at most one thing at a time. */
export type Overlay =
  | { readonly type: 'menu' | 'reactions'; readonly message: MessageJson; readonly anchor: Anchor }
  | { readonly type: 'recall' | 'details'; readonly message: MessageJson };

export interface MessageActions {
  readonly actions: ChatActions & { newestEditable(): MessageJson | undefined };
  readonly overlay: Overlay | undefined;
  readonly closeOverlay: () => void;
}

/** Everything a row can ask for, as one object that stays the same while the conversation is open. */
export function useMessageActions({
  chat,
  isOpen,
  onReply,
  onEdit,
  onNote,
}: {
  readonly chat: string;
  readonly isOpen: boolean;
  readonly onReply: (id: string) => void;
  readonly onEdit: (message: MessageJson) => void;
  /** Something that did not work, in words. */
  readonly onNote: (note: string | undefined) => void;
}): MessageActions {
  const view = useViewModel();
  const text = useText();
  const [overlay, setOverlay] = useState<Overlay>();
  const closeOverlay = useCallback(() => setOverlay(undefined), []);
  const actions = useMemo(() => {
    const report = (result: Result<unknown, RpcError>): void => {
      if (!result.ok) onNote(text.t('chat.action-failed', { because: text.errorText(result.error) }));
    };
    const conversation = () => view.store.getState().conversations.get(chat);
    return {
      isOpen,
      reply: (message: MessageJson) => onReply(message.id),
      edit: (message: MessageJson) => onEdit(message),
      copy: (message: MessageJson) => {
        navigator.clipboard.writeText(message.text).catch(() => onNote(text.t('chat.copy-failed')));
      },
      react: (message: MessageJson, emoji: string) => {
        const on = !message.reactions.some((each) => each.mine && each.emoji === emoji);
        void view.call('message.react', { id: message.id, emoji, on }).then(report);
      },
      remove: (message: MessageJson) => {
        void view.call('message.delete', { chat, ids: [message.id] }).then(report);
      },
      resend: (message: MessageJson) => view.resend(message),
      sendAgain: (id: string) => view.sendAgain(chat, id),
      dropPending: (id: string) => view.dropPending(chat, id),
      jumpTo: (id: string) => view.openChat(chat, id),
      openMenu: (message: MessageJson, anchor: Anchor) => {
        setOverlay({ type: 'menu', message, anchor: staying(anchor) });
      },
      openReactions: (message: MessageJson, anchor: Anchor) => {
        setOverlay({ type: 'reactions', message, anchor: staying(anchor) });
      },
      askRecall: (message: MessageJson) => setOverlay({ type: 'recall', message }),
      showDetails: (message: MessageJson) => setOverlay({ type: 'details', message }),
      newestEditable: () => {
        // What is still pending is newer than all rows, and cannot be changed yet.
        const shown = conversation();
        return shown?.pending.length === 0 ? shown.rows.findLast((row) => isChangeable(row, Date.now())) : undefined;
      },
    };
  }, [view, text, chat, isOpen, onReply, onEdit, onNote]);
  return { actions, overlay, closeOverlay };
}
