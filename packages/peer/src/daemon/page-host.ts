import { fileURLToPath } from 'node:url';
import type { Log } from '@magpie/common/log.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { ProfilePaths } from '../config.ts';
import type { AcceptClient } from './page-clients.ts';
import { PageDoor } from './page-door.ts';
import { PageFiles } from './page-files.ts';
import { PAGE_PORT_FIRST, PAGE_PORTS_TRIED_MAX } from './page-limits.ts';
import { loadPageKey, newPageKey, readPagePort, writePageKey, writePagePort } from './page-profile.ts';
import type { PageServer } from './page-server.ts';
import { PAGE_CLOSE } from './page-socket.ts';

/** Where `npm run build` puts the page. */
export const BUILT_PAGE = fileURLToPath(new URL('../../dist/web', import.meta.url));

export interface PageHostParts {
  readonly paths: Pick<ProfilePaths, 'pageKey' | 'pagePort'>;
  readonly random: RandomSource;
  readonly accept: AcceptClient;
  /** Wall clock, ms. */
  readonly nowMs: () => number;
  readonly log: Log;
  /** The folder of the built page. */
  readonly folder?: string;
}

export interface OpenedPage {
  readonly url: string;
  readonly expiresAtMs: number;
}

/**
 * The page of one profile: nothing listens before somebody wanted it for the first time; from then on it is served
 * whenever the daemon runs, always at the same port.
 */
export class PageHost {
  readonly #parts: PageHostParts;
  readonly #files: PageFiles;
  #door: PageDoor | undefined;
  #server: PageServer | undefined;
  /** Calls take turns: two at once would bind two ports. */
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(parts: PageHostParts) {
    this.#parts = parts;
    this.#files = new PageFiles(parts.folder ?? BUILT_PAGE);
  }

  /** With the daemon: pages that are open somewhere find it again. What stands against it is said at the next `open`. */
  async resume(): Promise<void> {
    await this.#inTurn(async () => {
      if ((await readPagePort(this.#parts.paths.pagePort)) !== undefined) await this.#serve();
    });
  }

  /** A link that opens the page once, within `validMs`. */
  open(validMs: number): Promise<Result<OpenedPage, RpcError>> {
    return this.#inTurn(async () => {
      const served = await this.#serve().catch((error: unknown) => this.#unavailable(error));
      if (!served.ok) return served;
      const { door, server } = served.value;
      const { code, expiresAtMs } = door.mintCode(this.#parts.nowMs(), validMs);
      return ok({ url: `http://127.0.0.1:${server.port}/#c=${code}`, expiresAtMs });
    });
  }

  /**
   * No page that is open may go on, nor come back.
   * @returns an error when the old key may count again after a restart: the new one could not be written
   */
  closeAll(): Promise<Result<void, RpcError>> {
    return this.#inTurn(async () => {
      const { paths, random } = this.#parts;
      const key = newPageKey(random);
      this.#door?.changeKey(key);
      this.#server?.clients.closeAll(PAGE_CLOSE.noToken);
      return writePageKey(paths.pageKey, key, random).then(ok, (error: unknown) => this.#unavailable(error));
    });
  }

  close(): Promise<void> {
    return this.#inTurn(async () => {
      this.#closed = true;
      await this.#server?.close();
      this.#server = undefined;
    });
  }

  async #serve(): Promise<Result<{ readonly door: PageDoor; readonly server: PageServer }, RpcError>> {
    const { paths, random, log } = this.#parts;
    if (this.#closed) return err({ code: 'CANCELLED' });
    if (!this.#files.refresh()) return err({ code: 'PAGE_NOT_BUILT' });
    this.#door ??= new PageDoor(await loadPageKey(paths.pageKey, random), random);
    if (!this.#server) {
      const stored = await readPagePort(paths.pagePort);
      const { startPageServer } = await import('./page-server.ts');
      this.#server = await startPageServer({ ...this.#parts, door: this.#door, files: this.#files }, portsFor(stored));
      if (!this.#server) return err({ code: 'PAGE_PORT_TAKEN', detail: { port: stored ?? PAGE_PORT_FIRST } });
      if (stored === undefined) await writePagePort(paths.pagePort, this.#server.port, random);
      log.info({ port: this.#server.port }, 'page served');
    }
    return ok({ door: this.#door, server: this.#server });
  }

  /** Files of the profile that cannot be read or written, sockets that the system refuses. */
  #unavailable(error: unknown): Result<never, RpcError> {
    const cause = (error as NodeJS.ErrnoException).code ?? 'unknown';
    this.#parts.log.error({ stack: error instanceof Error ? error.stack : undefined }, 'page cannot be served');
    return err({ code: 'PAGE_UNAVAILABLE', detail: { cause } });
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(task);
    this.#turn = result.catch(() => {});
    return result;
  }
}

function portsFor(stored: number | undefined): readonly number[] {
  if (stored !== undefined) return [stored];
  return [...Array.from({ length: PAGE_PORTS_TRIED_MAX }, (_, i) => PAGE_PORT_FIRST + i), 0];
}
