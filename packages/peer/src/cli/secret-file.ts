import { type FileHandle, open, unlink } from 'node:fs/promises';
import { CliError } from './cli-error.ts';

/** A new file that only this user may read. It is made before the secret is, so that no secret comes that cannot be kept. */
export class SecretFile {
  readonly path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Throws FILE_UNWRITABLE, also when there is such a file already: nothing is ever overwritten. */
  static async create(path: string): Promise<SecretFile> {
    try {
      return new SecretFile(path, await open(path, 'wx', 0o600));
    } catch (error) {
      throw new CliError({ code: 'FILE_UNWRITABLE', detail: { file: path, cause: causeOf(error) } });
    }
  }

  /** @returns whether it is on the disk */
  async write(secret: string): Promise<boolean> {
    try {
      await this.#file.writeFile(`${secret}\n`);
      await this.#file.sync();
      await this.#file.close();
      return true;
    } catch {
      return false;
    }
  }

  /** No secret came: the empty file goes. */
  async discard(): Promise<void> {
    await this.#file.close().catch(() => {});
    await unlink(this.path).catch(() => {});
  }
}

function causeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'EIO';
}
