import Database from 'better-sqlite3';

/** What a profile has of one message of its friend. */
export interface KeptMessage {
  readonly state: string;
  readonly text: string;
  readonly recalled: boolean;
}

/**
 * A profile's database as it is on disk at this moment, read from outside. The handle is given back before the daemon is
 * killed, so that the next daemon finds what a kill leaves and nothing that a reader kept alive.
 */
export class PeerDisk {
  readonly #file: string;
  #open: { readonly db: Database.Database; readonly statements: Statements } | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** @param chat account number of the other side */
  message(chat: string, id: string, direction: 'in' | 'out'): KeptMessage | undefined {
    const row = this.#statements.message.get(idBytes(id), direction, Number(chat)) as
      | { readonly state: string; readonly text: string; readonly recalled: number }
      | undefined;
    return row && { state: row.state, text: row.text, recalled: row.recalled === 1 };
  }

  /** Waits on disk for an earlier one. */
  isHeld(chat: string, id: string): boolean {
    return this.#statements.held.get(Number(chat), id) !== undefined;
  }

  /** Ids of the shown messages of the friend, in the order in which they were committed. */
  arrivals(chat: string): readonly string[] {
    return (this.#statements.arrivals.all(Number(chat)) as readonly Buffer[]).map((id) => id.toString('hex'));
  }

  allMessages(): ReadonlySet<string> {
    return new Set((this.#statements.all.all() as readonly Buffer[]).map((id) => id.toString('hex')));
  }

  /** The messages that own edits, recalls and reactions are about, by the ids of these. */
  ownChanges(): ReadonlyMap<string, string> {
    const rows = this.#statements.ownChanges.all() as readonly { readonly id: Buffer; readonly target: Buffer }[];
    return new Map(rows.map(({ id, target }) => [id.toString('hex'), target.toString('hex')]));
  }

  /** For people who look into what went wrong. */
  describe(id: string): string {
    return JSON.stringify(this.#statements.about.get(idBytes(id)) ?? null);
  }

  release(): void {
    this.#open?.db.close();
    this.#open = undefined;
  }

  get #statements(): Statements {
    if (!this.#open) {
      const db = new Database(this.#file, { readonly: true, fileMustExist: true, timeout: 2_000 });
      this.#open = { db, statements: prepare(db) };
    }
    return this.#open.statements;
  }
}

type Statements = ReturnType<typeof prepare>;

function prepare(db: Database.Database) {
  return {
    message: db.prepare('SELECT state, text, recalled FROM message WHERE id = ? AND direction = ? AND chat = ?'),
    held: db.prepare('SELECT 1 FROM held WHERE chat = ? AND instr(content, ?) > 0'),
    arrivals: db
      .prepare(
        "SELECT id FROM message WHERE chat = ? AND direction = 'in' AND shown = 1 AND kind <> 'system' ORDER BY born",
      )
      .pluck(),
    about: db.prepare(
      `SELECT chat, direction, kind, hex(incarnation) AS incarnation, sequence, state, reason, recalled, returned,
         substr(text, 1, 40) AS text FROM message WHERE id = ?`,
    ),
    ownChanges: db.prepare("SELECT id, target FROM message WHERE direction = 'out' AND target IS NOT NULL"),
    all: db.prepare("SELECT id FROM message WHERE kind <> 'system'").pluck(),
  };
}

export function idBytes(id: string): Buffer {
  return Buffer.from(id, 'hex');
}
