/**
 * What `watch` tells of; apart from the schemas, so that a program can check a word without loading them.
 *
 * `receipt` is a message that changed (state, reason, text after an edit, reactions), whole. What `since` replays is a
 * `message` when it appeared after that cursor, whatever became of it meanwhile, else a `receipt`.
 */
export const EVENT_TYPES = [
  'message',
  'receipt',
  'typing',
  'draft',
  'presence',
  'contact',
  'path',
  'link',
  'notice',
  'account',
  'approval',
  'unread',
  'deleted',
  'settings',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];
