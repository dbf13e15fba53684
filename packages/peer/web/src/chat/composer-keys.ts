import { TEXT_BYTES_MAX } from '@magpie/common/limits.ts';
import { isImeEvent } from '@magpie/common/view/ime.ts';

/** What a key does in the field; `none` leaves it to the browser. */
export type ComposerAction = 'send' | 'new-line' | 'edit-last' | 'leave' | 'page-up' | 'page-down' | 'to-end' | 'none';

export interface ComposerKey {
  readonly key: string;
  readonly keyCode: number;
  readonly isComposing: boolean;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** @param isEmpty nothing is written and nothing is being edited */
export function composerAction(key: ComposerKey, sendWith: 'enter' | 'ctrl-enter', isEmpty: boolean): ComposerAction {
  if (isImeEvent(key)) return 'none';
  const command = key.ctrlKey || key.metaKey;
  const plain = !command && !key.altKey && !key.shiftKey;
  switch (key.key) {
    case 'Enter':
      if (key.altKey) return 'none';
      if (command && !key.shiftKey) return sendWith === 'ctrl-enter' ? 'send' : 'new-line';
      return sendWith === 'enter' && !key.shiftKey ? 'send' : 'none';
    case 'ArrowUp':
      return plain && isEmpty ? 'edit-last' : 'none';
    case 'Escape':
      return plain ? 'leave' : 'none';
    case 'PageUp':
      return plain ? 'page-up' : 'none';
    case 'PageDown':
      return plain ? 'page-down' : 'none';
    case 'End':
      return command && isEmpty ? 'to-end' : 'none';
    default:
      return 'none';
  }
}

/** The counter shows when so much of a message is used. */
const COUNTER_SHARE = 0.9;
const ENCODER = new TextEncoder();

/** Bytes left of a message when it comes near its end, negative when it is over; undefined far from it. */
export function bytesLeft(text: string): number | undefined {
  // Three bytes are the most that a UTF-16 unit takes.
  if (text.length * 3 < TEXT_BYTES_MAX * COUNTER_SHARE) return undefined;
  const left = TEXT_BYTES_MAX - ENCODER.encode(text).length;
  return left < TEXT_BYTES_MAX * (1 - COUNTER_SHARE) ? left : undefined;
}

/** What leaves as the message: without the blank end that pasting and typing leave behind. */
export function sendableText(text: string): string {
  return text.toWellFormed().trimEnd();
}
