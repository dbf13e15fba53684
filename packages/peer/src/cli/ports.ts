import type { Readable, Writable } from 'node:stream';
import type { Result } from '@magpie/common/result.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { Environment, ProfilePaths } from '../config.ts';
import type { DaemonOptions, RunningDaemon } from '../daemon/run-daemon.ts';

export interface TerminalInput extends Readable {
  readonly isTTY?: boolean;
  setRawMode?(raw: boolean): unknown;
}

export interface TerminalOutput extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** What the command line touches of the world; main.ts gives the process, tests give streams. */
export interface CliPorts {
  readonly env: Environment;
  readonly stdin: TerminalInput;
  readonly stdout: TerminalOutput;
  readonly stderr: TerminalOutput;
  /** Runs the daemon in this process. */
  runDaemon(paths: ProfilePaths, options: DaemonOptions): Promise<Result<RunningDaemon, RpcError>>;
  /** Starts the daemon as a process of its own and waits until it is ready or has said why not. */
  startDaemon(paths: ProfilePaths, options: StartOptions): Promise<Result<void, RpcError>>;
  /**
   * Opens an address in the user's browser.
   * @param waitMs how long to listen for a failure
   * @returns false when it is known not to have opened
   */
  openBrowser(url: string, waitMs: number): Promise<boolean>;
  /** Calls back on SIGINT, SIGTERM and SIGHUP instead of the default; the returned function ends that. */
  onSignal(handler: (signal: string) => void): () => void;
}

export interface StartOptions {
  readonly udp: boolean;
  /** Of a profile that has one (R30). */
  readonly passphrase?: string | undefined;
}
