import type { Log } from '@magpie/common/log.ts';
import { EXIT } from './cli/exit-codes.ts';
import { runProgram } from './cli/program.ts';
import { stderrLog } from './io/pino-log.ts';
import { startServer } from './io/start-server.ts';

/** Ctrl-C reaches a child twice, from the terminal and from a parent that passes signals on: that is one wish. */
const SAME_SIGNAL_MS = 500;

/** The first signal asks for an orderly stop; the second ends the process at once. */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    const ask = (signal: NodeJS.Signals): void => {
      const now = performance.now();
      if (askedAt !== undefined) {
        if (now - askedAt > SAME_SIGNAL_MS) process.exit(signal === 'SIGINT' ? 130 : 143);
        return;
      }
      askedAt = now;
      resolve();
    };
    process.on('SIGTERM', ask);
    process.on('SIGINT', ask);
  });
}

/** The database needs no goodbye: what hangs in an orderly stop ends with the process. */
function endAfter(ms: number, log: Log | undefined): void {
  setTimeout(() => {
    log?.error({ afterMs: ms }, 'the orderly stop hangs; ending');
    process.exit(EXIT.error);
  }, ms).unref();
}

async function main(): Promise<void> {
  // Whatever we make, sockets and databases too, is ours alone.
  process.umask(0o077);
  let log: Log | undefined;
  const onBug = (cause: unknown): void => {
    const shown = { error: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) };
    (log ?? stderrLog('error')).error(shown, 'internal error; ending');
    process.exit(EXIT.internal);
  };
  process.on('uncaughtException', onBug);
  process.on('unhandledRejection', onBug);
  // A reader of our output that went away is no failure of ours.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  const exit = await runProgram(process.argv.slice(2), {
    env: process.env,
    pid: process.pid,
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    stopRequested,
    endAfter: (ms) => endAfter(ms, log),
    startServer,
    openLog: (config) => {
      log = stderrLog(config.logLevel);
      return log;
    },
  });
  process.exitCode = exit;
}

await main();
