import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { PendingMessage } from '@magpie/common/view/view-state.ts';
import { type RoadName, roadName } from '../design/road-badge.tsx';

/** Messages of one sender that follow each other within this time stand together under one time. */
const GROUP_MS = 5 * 60_000;

/** One line of the log, in order; `key` is stable, so that a line keeps its element while others come and go. */
export type LogItem =
  | { readonly type: 'day'; readonly key: string; readonly at: string }
  | { readonly type: 'unread'; readonly key: string }
  | { readonly type: 'system'; readonly key: string; readonly message: MessageJson }
  | { readonly type: 'nudge'; readonly key: string; readonly message: MessageJson }
  | MessageItem;

export interface MessageItem {
  readonly type: 'message';
  readonly key: string;
  readonly message: MessageJson;
  /** Set while the daemon has not answered; `message` then only stands in for the row to come. */
  readonly pending: PendingMessage | undefined;
  readonly first: boolean;
  readonly last: boolean;
  /** The thread of roads changes here. */
  readonly roadBegins: RoadName | undefined;
}

/**
 * @param self account number of this profile, the sender of what is pending
 * @param dayOf a text that is the same for two times of one day where the person is
 */
export function logItems(
  rows: readonly MessageJson[],
  pending: readonly PendingMessage[],
  divider: string | undefined,
  chat: string,
  self: string,
  dayOf: (at: string) => string = localDay,
): readonly LogItem[] {
  const items: LogItem[] = [];
  let day: string | undefined;
  let group: { message: MessageJson; index: number } | undefined;
  let road: RoadName | undefined;

  const breakGroup = (): void => {
    group = undefined;
  };
  const add = (message: MessageJson, waiting: PendingMessage | undefined): void => {
    const today = dayOf(message.at);
    if (today !== day) {
      items.push({ type: 'day', key: `day ${today} ${message.id}`, at: message.at });
      breakGroup();
    }
    day = today;
    if (message.id === divider) {
      items.push({ type: 'unread', key: 'unread' });
      breakGroup();
    }
    if (message.kind === 'system' || message.kind === 'nudge') {
      items.push({ type: message.kind, key: message.id, message });
      breakGroup();
      return;
    }
    const own = message.path && roadName(message.path);
    const joins = group !== undefined && joinsGroup(group.message, message);
    if (joins && group) items[group.index] = { ...(items[group.index] as MessageItem), last: false };
    items.push({
      type: 'message',
      key: message.id,
      message,
      pending: waiting,
      first: !joins,
      last: true,
      roadBegins: own && own !== road ? own : undefined,
    });
    road = own ?? road;
    group = { message, index: items.length - 1 };
  };

  for (const message of rows) if (isShown(message)) add(message, undefined);
  for (const each of pending) add(standIn(each, chat, self), each);
  return items;
}

/** Row ids in the order shown, for going through them by keyboard. */
export function rowIds(items: readonly LogItem[]): readonly string[] {
  return items.flatMap((item) => (item.type === 'day' || item.type === 'unread' ? [] : [item.message.id]));
}

/** The newest own message: its state is always there as a word. */
export function newestOwn(items: readonly LogItem[]): string | undefined {
  const own = items.findLast((item) => item.type === 'message' && item.message.direction === 'out');
  return own?.key;
}

function isShown(message: MessageJson): boolean {
  return message.kind !== 'void' && message.kind !== 'edit' && message.kind !== 'recall' && message.kind !== 'reaction';
}

function joinsGroup(before: MessageJson, message: MessageJson): boolean {
  return before.from === message.from && Math.abs(Date.parse(message.at) - Date.parse(before.at)) <= GROUP_MS;
}

const STAND_INS = new WeakMap<PendingMessage, MessageJson>();

/** The same object for the same pending message, so that its row is not drawn again for nothing. */
function standIn(pending: PendingMessage, chat: string, self: string): MessageJson {
  const known = STAND_INS.get(pending);
  if (known) return known;
  const made: MessageJson = {
    id: pending.id,
    chat,
    from: self,
    direction: 'out',
    at: pending.at,
    counter: 0,
    kind: 'text',
    text: pending.text,
    replyTo: pending.replyTo,
    target: null,
    editedAt: null,
    recalled: false,
    reactions: [],
    pendingChanges: 0,
    returned: false,
    state: 'queued',
    reason: null,
    expiresAt: null,
    path: null,
    device: '',
    incarnation: '',
    sequence: 0,
  };
  STAND_INS.set(pending, made);
  return made;
}

function localDay(at: string): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth() + 1}-${date.getDate()}`;
}
