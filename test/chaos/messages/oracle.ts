import type { EventJson, MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { PeerDisk } from './peer-disk.ts';
import type { ServerDisk } from './server-disk.ts';

const RANK = { queued: 0, stored: 1, delivered: 2, read: 3, refused: 4 } as const;
/** Enough to see what is wrong. */
const EXAMPLES_MAX = 10;

interface Known {
  readonly disk: PeerDisk;
  /** What this profile had before its disk was damaged: it was true that it had it. */
  had: ReadonlySet<string>;
  /** The newest that was shown of each message. */
  readonly shown: Map<string, MessageJson>;
}

/**
 * Holds every state that anybody shows against what is on the disks at that moment (design section 9). What is looked up
 * is only ever added to, so that a look a little later never accuses wrongly.
 */
export class Oracle {
  readonly #server: ServerDisk;
  readonly #people = new Map<string, Known>();
  readonly #mayBeRefused: (id: string) => boolean;
  readonly #sinceMs = performance.now();
  checked = 0;
  falseStates = 0;
  readonly examples: string[] = [];

  /** @param mayBeRefused only what its sender took back itself */
  constructor(server: ServerDisk, mayBeRefused: (id: string) => boolean) {
    this.#server = server;
    this.#mayBeRefused = mayBeRefused;
  }

  /** @param account as text */
  add(account: string, disk: PeerDisk): void {
    this.#people.set(account, { disk, had: new Set(), shown: new Map() });
  }

  /** The disk of this profile is about to be damaged: what it shows from then on is a new beginning. */
  remember(account: string): void {
    const known = this.#people.get(account)!;
    known.had = new Set([...known.had, ...known.disk.allMessages()]);
    known.shown.clear();
  }

  handleEvent(account: string, event: EventJson): void {
    if (event.type !== 'message' && event.type !== 'receipt') return;
    const message = event.data;
    const known = this.#people.get(account);
    if (!known || message.kind === 'system') return;
    const before = known.shown.get(message.id);
    known.shown.set(message.id, message);
    this.checked++;
    const complaint = this.#complaint(account, known, message, before);
    if (complaint !== undefined) this.#complain(`${complaint}: ${describe(account, message)}`);
  }

  /** Messages that somebody still shows as waiting, or as not yet changed at the friend. */
  unsettled(): readonly string[] {
    return [...this.#people].flatMap(([account, { shown }]) =>
      [...shown.values()].filter(isUnsettled).map((message) => describe(account, message)),
    );
  }

  #complaint(account: string, known: Known, message: MessageJson, before: MessageJson | undefined): string | undefined {
    const { id, chat, direction } = message;
    if (!known.disk.message(chat, id, direction) && !known.had.has(id)) return 'shown, but not on its own disk';
    if (direction === 'in') return undefined;
    if (before && RANK[before.state] >= RANK.delivered && RANK[message.state] < RANK[before.state]) {
      return `was ${before.state} before`;
    }
    if (message.state === 'refused') return this.#mayBeRefused(id) ? undefined : 'refused';
    if (message.state === 'queued') return undefined;
    // The server first: what it forgets has been committed by the friend before.
    if (message.state === 'stored' && this.#server.hasMail(id)) return undefined;
    const friend = this.#people.get(chat);
    if (!friend) return 'of nobody';
    const kept = friend.disk.message(account, id, 'in');
    if (!kept) {
      if (friend.had.has(id) || (message.state === 'stored' && friend.disk.isHeld(account, id))) return undefined;
      return 'nobody has it';
    }
    if (message.state === 'read' && kept.state !== 'read' && !friend.had.has(id))
      return `the friend's is ${kept.state}`;
    if (message.pendingChanges > 0 || message.state === 'stored') return undefined;
    if (message.recalled && !kept.recalled) return 'shown as recalled, the friend can read it';
    if (!message.recalled && !kept.recalled && message.editedAt !== null && kept.text !== message.text) {
      return 'shown as edited, the friend has the old text';
    }
    return undefined;
  }

  #complain(text: string): void {
    this.falseStates++;
    const seconds = ((performance.now() - this.#sinceMs) / 1000).toFixed(2);
    if (this.examples.length < EXAMPLES_MAX) this.examples.push(`${seconds} s: ${text}`);
  }
}

function isUnsettled(message: MessageJson): boolean {
  if (message.pendingChanges > 0) return true;
  return message.direction === 'out' && RANK[message.state] < RANK.delivered;
}

function describe(account: string, message: MessageJson): string {
  const { id, chat, direction, state, reason, kind, incarnation, sequence, pendingChanges } = message;
  const why = reason === null ? '' : ` (${reason})`;
  return `${account} ${direction} ${chat} ${kind} ${id} ${state}${why} ${incarnation}/${sequence} pending ${pendingChanges} "${message.text.slice(0, 40)}"`;
}
