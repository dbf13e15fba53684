import { join } from 'node:path';
import Database from 'better-sqlite3';
import { idBytes } from './peer-disk.ts';

/** The server's mail table on disk, read from outside. */
export class ServerDisk {
  readonly #file: string;
  #open: { readonly db: Database.Database; readonly mail: Database.Statement } | undefined;

  constructor(dataFolder: string) {
    this.#file = join(dataFolder, 'server.db');
  }

  hasMail(id: string): boolean {
    if (!this.#open) {
      const db = new Database(this.#file, { readonly: true, fileMustExist: true, timeout: 2_000 });
      this.#open = { db, mail: db.prepare('SELECT 1 FROM mails WHERE id = ?') };
    }
    return this.#open.mail.get(idBytes(id)) !== undefined;
  }

  /** Before the server is killed or started. */
  release(): void {
    this.#open?.db.close();
    this.#open = undefined;
  }
}
