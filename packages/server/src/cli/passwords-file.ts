import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, parse, resolve } from 'node:path';
import { syncFolder } from '../io/data-folder.ts';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';

export interface NamedPassword {
  readonly name: string;
  readonly password: string;
}

/** Files of one folder that are kept apart by a number. */
const FILES_MAX = 1_000;

/**
 * Generated passwords, for the operator's eyes only: a new file of mode 0600, on the disk before the first of them is
 * any account's password, so that none is lost whatever happens.
 */
export class PasswordsFile {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** @param beside absent a path: the file's name is made of this one's @throws CliError; nothing is ever overwritten */
  static create(path: string | undefined, beside: string, entries: readonly NamedPassword[]): PasswordsFile {
    const file = new PasswordsFile(resolve(path ?? freeNameBeside(beside)));
    file.#write(file.path, entries);
    return file;
  }

  /** Leaves only those that an account really has; without one the file goes. @throws CliError */
  keepOnly(entries: readonly NamedPassword[]): void {
    if (entries.length === 0) return this.remove();
    const next = `${this.path}.new`;
    rmSync(next, { force: true });
    this.#write(next, entries);
    renameSync(next, this.path);
    syncFolder(dirname(this.path));
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }

  #write(path: string, entries: readonly NamedPassword[]): void {
    try {
      const handle = openSync(path, 'wx', 0o600);
      try {
        writeSync(handle, ['name,password', ...entries.map(lineOf), ''].join('\n'));
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      syncFolder(dirname(path));
    } catch (cause) {
      const detail = (cause as NodeJS.ErrnoException).code ?? 'unknown';
      throw new CliError('UNWRITABLE', EXIT.usage, 'input.unwritable', { path, detail });
    }
  }
}

/** `class.csv` to `class.passwords.csv`, `class.passwords-2.csv` … */
function freeNameBeside(path: string): string {
  const { dir, name } = parse(resolve(path));
  for (let number = 1; number < FILES_MAX; number++) {
    const found = resolve(dir, `${name}.passwords${number === 1 ? '' : `-${number}`}.csv`);
    if (!existsSync(found)) return found;
  }
  return resolve(dir, `${name}.passwords-${FILES_MAX}.csv`);
}

function lineOf({ name, password }: NamedPassword): string {
  return `${/[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name},${password}`;
}
