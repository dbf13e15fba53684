import type { Log } from '@magpie/common/log.ts';
import type { ServerConfig } from '../config.ts';
import type { RunningServer, StartOptions } from '../main.ts';

/** What the command line needs of the process around it. */
export interface CliPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** Resolves at the first SIGTERM or SIGINT; a second one ends the process at once. */
  stopRequested(): Promise<void>;
  startServer(config: ServerConfig, log: Log, options: StartOptions): Promise<RunningServer>;
  openLog(config: ServerConfig): Log;
}
