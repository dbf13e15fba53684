import type { MessageId } from '@magpie/common/ids.ts';
import { CHANGE_MS_MAX } from '@magpie/common/limits.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { REACTIONS_PER_MESSAGE_MAX } from '../messaging/limits.ts';
import { compareStamps } from './hybrid-clock.ts';
import type { Appearance, MessageRecord, MessageTable } from './message-tables.ts';
import { type MessageKind, type Reaction, SHOWN_KINDS, type StoredMessage } from './store.ts';

const CHANGING_KINDS: readonly MessageKind[] = ['edit', 'recall', 'reaction'];
/** What edits, recalls and reactions can be about. `void`: a device got it after it was recalled. */
const CHANGEABLE_KINDS: readonly MessageKind[] = ['text', 'nudge', 'unsupported', 'void'];

export function isChange(message: StoredMessage): boolean {
  return CHANGING_KINDS.includes(message.kind);
}

export function isShown(kind: MessageKind, deleted: boolean): boolean {
  return !deleted && SHOWN_KINDS.includes(kind);
}

/** The order in which changes of one side win: by stamp, then device. Numbers are left out: they may change (R17). */
export function compareChanges(a: StoredMessage, b: StoredMessage): number {
  return compareStamps(a.stamp, b.stamp) || compareText(a.device, b.device) || compareText(a.id, b.id);
}

/**
 * Edits, recalls and reactions as rows of their own, and what they make of the message that they are about. A message
 * looks as the set of its changes says, however they came: it is made up anew from the newest edit, any recall and the
 * reactions that win, each of which an index finds, whenever one comes or goes.
 */
export class MessageChanges {
  readonly #rows: MessageTable;

  constructor(rows: MessageTable) {
    this.#rows = rows;
  }

  /** As a change is to be written: the text of an edit of what was erased is not. */
  asKept<T extends Pick<StoredMessage, 'kind' | 'text' | 'chat' | 'direction' | 'target'>>(change: T): T {
    if (change.kind !== 'edit' || change.target === undefined) return change;
    const target =
      change.direction === 'out' ? this.#rows.outgoing(change.target) : this.#rows.incoming(change.chat, change.target);
    return target && target.message.chat === change.chat && isErased(target) ? { ...change, text: '' } : change;
  }

  /** A row is new. @returns it as it stands now, and the others that changed with it */
  handleInserted(record: MessageRecord): {
    readonly record: MessageRecord;
    readonly touched: readonly MessageRecord[];
  } {
    const { message } = record;
    if (!isChange(message)) {
      const isKnown = CHANGEABLE_KINDS.includes(message.kind) && this.#rows.hasChanges(message.chat, message.id);
      if (!isKnown) return { record, touched: [] };
      if (message.direction === 'out' && !message.returned) this.#dethroneInvented(message);
      return { record: this.#refresh(record) ?? record, touched: [] };
    }
    if (message.kind === 'reaction') this.#winOver(record);
    return { record, touched: this.refreshTarget(message) };
  }

  /** A row that said this says something else now. @returns what it was about, when that changed */
  handleGone(message: StoredMessage): readonly MessageRecord[] {
    if (!isChange(message)) return [];
    if (message.kind === 'reaction') this.#crown(message);
    return this.refreshTarget(message);
  }

  /** It was refused: the friend will never have it. */
  handleRefused(record: MessageRecord): readonly MessageRecord[] {
    return this.#standBack(record);
  }

  /** It has another stamp: other changes may win, and others may be in time. @returns those that look otherwise now */
  handleStamped(record: MessageRecord): readonly MessageRecord[] {
    const { message } = record;
    if (isChange(message)) return this.#standBack(record);
    return this.#rows.hasChanges(message.chat, message.id)
      ? this.refreshTarget({ ...message, target: message.id })
      : [];
  }

  /** @returns what it is about, when that changed */
  refreshTarget({ chat, target }: StoredMessage): readonly MessageRecord[] {
    if (target === undefined) return [];
    return [this.#rows.outgoing(target), this.#rows.incoming(chat, target)]
      .filter((record) => record !== undefined && record.message.chat === chat)
      .flatMap((record) => this.#refresh(record!) ?? []);
  }

  /** Erases the texts, here and of its edits, for good. */
  erase(record: MessageRecord, changes: Partial<Appearance>): MessageRecord {
    for (const edit of this.#rows.editsWithText(record.message)) {
      this.#rows.setAppearance(edit, { ...appearanceOf(edit), text: '' });
    }
    const erased = { text: '', original: undefined, editedAt: undefined, reactions: [] };
    return this.#rows.setAppearance(record, { ...appearanceOf(record), ...erased, ...changes });
  }

  /** Undefined when it looks as before. */
  #refresh(record: MessageRecord): MessageRecord | undefined {
    const { message } = record;
    if (!CHANGEABLE_KINDS.includes(message.kind)) return undefined;
    const notAfter = (message.stamp.wallMs + CHANGE_MS_MAX) as WallMs;
    const pendingChanges = this.#rows.pendingChanges(message.chat, message.id);
    const recall = this.#rows.firstRecall(message, notAfter);
    if (recall && !message.recalled) {
      const shown = { kind: message.kind === 'void' ? 'text' : message.kind, ...readState(message) } as const;
      return this.erase(record, { ...shown, recalled: true, pendingChanges });
    }
    if (message.kind === 'void' || isErased(record)) {
      if (pendingChanges === message.pendingChanges) return undefined;
      return this.#rows.setAppearance(record, { ...appearanceOf(record), pendingChanges });
    }
    const edit = message.kind === 'text' ? this.#rows.newestEdit(message, notAfter) : undefined;
    const sent = record.original ?? message.text;
    const winners = this.#winners(message);
    const next: Appearance = {
      ...appearanceOf(record),
      text: edit ? edit.text : sent,
      original: edit ? sent : undefined,
      editedAt: edit?.stamp.wallMs,
      reactions: winners.map((winner) => ({ emoji: winner.text, mine: winner.direction === 'out' })),
      pendingChanges,
      // One that came in is never itself what came back.
      returned: (message.direction === 'out' && message.returned) || winners.some((change) => change.returned),
    };
    return looksAlike(record, next) ? undefined : this.#rows.setAppearance(record, next);
  }

  /** A change that counts no more where it did. @returns what it is about, when that changed */
  #standBack(record: MessageRecord): readonly MessageRecord[] {
    const { message } = record;
    if (!isChange(message) || message.target === undefined) return [];
    if (message.kind === 'reaction') {
      this.#rows.setWins(record, false);
      this.#crown(message);
    }
    return this.refreshTarget(message);
  }

  #winners({ chat, id }: StoredMessage): readonly StoredMessage[] {
    return (['in', 'out'] as const)
      .flatMap((by) => this.#rows.reactions(chat, id, by, REACTIONS_PER_MESSAGE_MAX))
      .sort(compareChanges);
  }

  /** What a friend could have made up counts no more on a message that is certainly ours. */
  #dethroneInvented({ chat, id }: StoredMessage): void {
    const winners = this.#rows.reactions(chat, id, 'out', REACTIONS_PER_MESSAGE_MAX);
    for (const { id: invented } of winners.filter(({ returned }) => returned)) {
      const record = this.#rows.outgoing(invented);
      if (!record) continue;
      this.#rows.setWins(record, false);
      this.#crown(record.message);
    }
  }

  /** None of this emoji wins: the newest that counts does from now on. */
  #crown(reaction: StoredMessage): void {
    const [next] = this.#newestThatCount(reaction, 1);
    if (next) this.#rows.setWins(next, next.message.on);
  }

  /** The newest of a side for an emoji counts, whether it gives or takes back. */
  #winOver(record: MessageRecord): void {
    const { target, on } = record.message;
    if (target === undefined || (record.message.returned && this.#isOurs(target))) return;
    const [newest, before] = this.#newestThatCount(record.message, 2);
    if (newest?.position !== record.position) return;
    if (before) this.#rows.setWins(before, false);
    this.#rows.setWins(record, on);
  }

  #newestThatCount({ chat, target, direction, text }: StoredMessage, limit: number): readonly MessageRecord[] {
    if (target === undefined) return [];
    return this.#rows.newestReactions(chat, target, direction, text, !this.#isOurs(target), limit);
  }

  /** An own message that never came back from anybody: a friend could have made up the reaction. */
  #isOurs(target: MessageId): boolean {
    return this.#rows.outgoing(target)?.message.returned === false;
  }
}

export function appearanceOf({ message, original, deleted }: MessageRecord): Appearance {
  const { kind, text, state, editedAt, recalled, reactions, pendingChanges, returned } = message;
  return { kind, text, state, editedAt, recalled, reactions, pendingChanges, returned, original, deleted };
}

export function isErased({ message, deleted }: MessageRecord): boolean {
  return deleted || message.recalled || message.reason === 'cancelled';
}

/** A line that says only that it was recalled is nothing to be read. */
function readState(message: StoredMessage): Pick<StoredMessage, 'state'> {
  return { state: message.kind === 'void' && message.direction === 'in' ? 'read' : message.state };
}

function looksAlike({ message, original }: MessageRecord, next: Appearance): boolean {
  return (
    message.text === next.text &&
    original === next.original &&
    message.editedAt === next.editedAt &&
    message.pendingChanges === next.pendingChanges &&
    message.returned === next.returned &&
    sameReactions(message.reactions, next.reactions)
  );
}

function sameReactions(a: readonly Reaction[], b: readonly Reaction[]): boolean {
  return a.length === b.length && a.every((one, n) => one.emoji === b[n]?.emoji && one.mine === b[n]?.mine);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
