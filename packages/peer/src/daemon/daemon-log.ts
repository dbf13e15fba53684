import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import type { Log } from '@magpie/common/log.ts';
import { pino } from 'pino';
import type { LogLevel } from './log-level.ts';

/** The log and its predecessor together never hold more than twice this. */
const LOG_BYTES_MAX = 5 * 1024 * 1024;

/** Structured log lines into `daemon.log` (0600); at the limit the file becomes `daemon.log.1`. */
export function openDaemonLog(path: string, level: LogLevel): Log {
  const file = new CappedFile(path);
  const logger = pino({ level, base: { pid: process.pid } }, { write: (line: string) => file.write(line) });
  return {
    error: (fields, message) => logger.error(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    info: (fields, message) => logger.info(fields, message),
    debug: (fields, message) => logger.debug(fields, message),
  };
}

class CappedFile {
  readonly #path: string;
  #fd: number;
  #bytes: number;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'a', 0o600);
    this.#bytes = fstatSync(this.#fd).size;
  }

  /** A full disk loses log lines, never the daemon. */
  write(line: string): void {
    try {
      if (this.#bytes > LOG_BYTES_MAX) this.#turnOver();
      this.#bytes += writeSync(this.#fd, line);
    } catch {
      // Nowhere left to say it.
    }
  }

  #turnOver(): void {
    renameSync(this.#path, `${this.#path}.1`);
    const next = openSync(this.#path, 'a', 0o600);
    closeSync(this.#fd);
    this.#fd = next;
    this.#bytes = 0;
  }
}
