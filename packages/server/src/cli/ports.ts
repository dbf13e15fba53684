import type { Readable } from 'node:stream';
import type { Log } from '@magpie/common/log.ts';
import type { ServerConfig } from '../config.ts';
import type { RunningServer, StartOptions } from '../io/start-server.ts';

/** A pipe, a file or a terminal. */
export interface CliInput extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

/** What the command line needs of the process around it. */
export interface CliPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly stdin: CliInput;
  /** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
  stopRequested(): Promise<void>;
  /** Ends the process if it is still there then. */
  endAfter(ms: number): void;
  startServer(config: ServerConfig, log: Log, options: StartOptions): Promise<RunningServer>;
  openLog(config: ServerConfig): Log;
}
