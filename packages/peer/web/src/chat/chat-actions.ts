import { CHANGE_MS_MAX } from '@magpie/common/limits.ts';
import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { createContext, useContext } from 'react';

/** Where a menu or picker stands: an element, or the place of the pointer. */
export type Anchor =
  | Element
  | { readonly getBoundingClientRect: () => DOMRect; readonly contextElement?: Element | undefined };

/** The same place when the element is gone: what stands there does not jump into a corner under the pointer. */
export function staying(anchor: Anchor): Anchor {
  if (!(anchor instanceof Element)) return anchor;
  let last = anchor.getBoundingClientRect();
  const getBoundingClientRect = () => {
    if (anchor.isConnected) last = anchor.getBoundingClientRect();
    return last;
  };
  return { getBoundingClientRect, contextElement: anchor };
}

/** What rows can ask for; the same object for the whole life of a conversation's screen, so that rows stay as drawn. */
export interface ChatActions {
  /** Something can be said to them now; what only looks, copies or forgets can be done anyway. */
  readonly isOpen: boolean;
  reply(message: MessageJson): void;
  edit(message: MessageJson): void;
  copy(message: MessageJson): void;
  react(message: MessageJson, emoji: string): void;
  remove(message: MessageJson): void;
  resend(message: MessageJson): void;
  sendAgain(id: string): void;
  dropPending(id: string): void;
  jumpTo(id: string): void;
  openMenu(message: MessageJson, anchor: Anchor): void;
  openReactions(message: MessageJson, anchor: Anchor): void;
  askRecall(message: MessageJson): void;
  showDetails(message: MessageJson): void;
}

export const ChatActionsContext = createContext<ChatActions | undefined>(undefined);

export function useChatActions(): ChatActions {
  const actions = useContext(ChatActionsContext);
  if (!actions) throw new Error('outside of a conversation');
  return actions;
}

/** Own, understood, still there, and younger than a day. */
export function isChangeable(message: MessageJson, nowMs: number): boolean {
  return (
    message.direction === 'out' &&
    message.kind === 'text' &&
    !message.recalled &&
    message.state !== 'refused' &&
    nowMs - Date.parse(message.at) < CHANGE_MS_MAX
  );
}

export function isReactable(message: MessageJson): boolean {
  return message.kind === 'text' && !message.recalled && message.state !== 'refused';
}
