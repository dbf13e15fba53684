import { type FileHandle, lstat, open, unlink } from 'node:fs/promises';
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
      if (await isEmptyOwn(path)) await unlink(path);
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

/** What a command that was killed has left behind. */
async function isEmptyOwn(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined);
  return stats?.isFile() === true && stats.size === 0 && stats.uid === (process.getuid?.() ?? stats.uid);
}

function causeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'EIO';
}
