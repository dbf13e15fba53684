/**
 * What `watch` tells of; apart from the schemas, so that a program can check a word without loading them.
 *
 * `receipt` is a message whose state or reason changed, whole. What `since` replays is a `message` while it is in its
 * first state (incoming and unread, outgoing and queued), else a `receipt`, also when the watcher has not seen it before:
 * the id tells.
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
] as const;
export type EventType = (typeof EVENT_TYPES)[number];
