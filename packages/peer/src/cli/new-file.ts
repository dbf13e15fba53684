import { randomBytes } from 'node:crypto';
import { type FileHandle, link, lstat, open, unlink } from 'node:fs/promises';
import { CliError } from './cli-error.ts';

/** A new file that only this user may read, and that is there only once it is whole. Nothing is ever overwritten. */
export class NewFile {
  readonly #path: string;
  readonly #partPath: string;
  readonly #file: FileHandle;

  private constructor(path: string, partPath: string, file: FileHandle) {
    this.#path = path;
    this.#partPath = partPath;
    this.#file = file;
  }

  /** Throws FILE_UNWRITABLE, also when there is such a file already. */
  static async create(path: string): Promise<NewFile> {
    const partPath = `${path}.${randomBytes(6).toString('hex')}.part`;
    try {
      const taken = await lstat(path).catch(() => undefined);
      if (taken) throw Object.assign(new Error('there is such a file'), { code: 'EEXIST' });
      return new NewFile(path, partPath, await open(partPath, 'wx', 0o600));
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  async write(text: string): Promise<void> {
    await this.#file.writeFile(text).catch((error: unknown) => Promise.reject(unwritable(this.#path, error)));
  }

  /** On the disk, then under its name. */
  async finish(): Promise<void> {
    try {
      await this.#file.sync();
      await this.#file.close();
      await link(this.#partPath, this.#path);
      await unlink(this.#partPath);
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => {});
    await unlink(this.#partPath).catch(() => {});
  }
}

function unwritable(file: string, error: unknown): CliError {
  const cause = (error as NodeJS.ErrnoException).code ?? 'EIO';
  return new CliError({ code: 'FILE_UNWRITABLE', detail: { file, cause } });
}
