/** What the shell's keys and menus ask of the conversation that is open. */
export type ChatCommand =
  /** Puts the cursor into the composer; the key that asked then types into it. */
  | { readonly type: 'focus-composer' }
  | { readonly type: 'focus-log' }
  /** Ctrl+F: the find panel. */
  | { readonly type: 'find' }
  | { readonly type: 'jump-to-end' }
  /** Where the unread messages begin. */
  | { readonly type: 'jump-to-unread' }
  /** A step of the Esc ladder: leaves the reply, the edit or the find panel; nothing to leave: false. */
  | { readonly type: 'escape' }
  /** Files were dropped somewhere on the page. */
  | { readonly type: 'files' }
  /** The friend nudged: shake the conversation once, or flash its edge. */
  | { readonly type: 'shake'; readonly chat: string };

/** @returns true when it did something, so that nobody else needs to */
export type ChatCommandListener = (command: ChatCommand) => boolean;

const listeners = new Set<ChatCommandListener>();

/** The screen that shows a conversation listens as long as it is there. */
export function onChatCommand(listener: ChatCommandListener): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

/** @returns whether somebody did something */
export function commandChat(command: ChatCommand): boolean {
  return [...listeners].some((listener) => listener(command));
}
