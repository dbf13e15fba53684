import Database from 'better-sqlite3';
import { newId } from './store-load.ts';

/**
 * What the same library does at its best with rows of the same bytes: no ids to be unique, no sums, no keys, no friends,
 * no other thread; one transaction and one sync for each batch.
 */
export class RawLog {
  readonly #db: Database.Database;
  readonly #insert: Database.Statement<[Uint8Array, Uint8Array]>;
  readonly #begin: Database.Statement;
  readonly #commit: Database.Statement;

  constructor(path: string) {
    this.#db = new Database(path);
    this.#db.pragma('journal_mode = WAL');
    this.#db.pragma('synchronous = FULL');
    this.#db.exec('CREATE TABLE log (position INTEGER PRIMARY KEY, device BLOB NOT NULL, envelope BLOB NOT NULL)');
    this.#db.exec('CREATE INDEX log_by_device ON log (device, position)');
    this.#insert = this.#db.prepare('INSERT INTO log (device, envelope) VALUES (?, ?)');
    this.#begin = this.#db.prepare('BEGIN IMMEDIATE');
    this.#commit = this.#db.prepare('COMMIT');
  }

  /** @returns seconds */
  append(devices: readonly Uint8Array[], count: number, batch: number, bytes: number): number {
    const startedMs = performance.now();
    for (let at = 0; at < count; at += batch) {
      this.#begin.run();
      for (let i = at; i < Math.min(count, at + batch); i++) {
        const envelope = new Uint8Array(bytes);
        envelope.set(newId(i));
        this.#insert.run(devices[i % devices.length]!, envelope);
      }
      this.#commit.run();
    }
    return (performance.now() - startedMs) / 1_000;
  }

  close(): void {
    this.#db.close();
  }
}
