import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { DaemonStatusJson } from '@magpie/common/rpc/schemas.ts';
import { LOG_LEVELS } from '../daemon/log-level.ts';
import { CliError, usageError } from './cli-error.ts';
import type { CommandHost } from './command-host.ts';
import { connectDaemon, type DaemonLink, tryConnect } from './daemon-link.ts';
import { EXIT } from './exit-codes.ts';
import { CALL_MS_DEFAULT, type Invocation } from './invocation.ts';
import { daemonPassphrase } from './passphrase-commands.ts';
import { printable } from './printable.ts';

export function addDaemonCommands(host: CommandHost): void {
  const daemon = host.noun('daemon', 'help.daemon');
  host.add(daemon, {
    usage: 'run',
    summary: 'help.daemon.run',
    examples: ['daemon run', 'daemon run --no-udp'],
    body: run,
  });
  host.add(daemon, { usage: 'start', summary: 'help.daemon.start', examples: ['daemon start'], body: start });
  host.add(daemon, { usage: 'stop', summary: 'help.daemon.stop', body: stop });
  host.add(daemon, { usage: 'status', summary: 'help.daemon.status', body: status });
}

/** In the foreground until a signal or `daemon stop`; `--json` prints one line once it is ready. */
async function run(invocation: Invocation): Promise<number> {
  const { ports, paths, udp, out, text } = invocation;
  const level = LOG_LEVELS.find((each) => each === (ports.env.MAGPIE_LOG_LEVEL || 'info'));
  if (!level) throw usageError('usage.bad-log-level', { given: ports.env.MAGPIE_LOG_LEVEL ?? '' });
  const running = await ports.runDaemon(paths, {
    udp,
    logLevel: level,
    passphrase: await daemonPassphrase(invocation),
    testHooks: ports.env.MAGPIE_TEST_HOOKS === '1',
  });
  if (!running.ok) throw new CliError(running.error);
  const unlisten = ports.onSignal((signal) => void running.value.stop(signal));
  const { pid } = running.value;
  if (out.json) out.data({ daemon: { pid, profile: paths.folder } }, []);
  else out.note(text('daemon.running', { pid, profile: printable(paths.folder), log: printable(paths.log) }));
  await running.value.ended;
  unlisten();
  return EXIT.ok;
}

async function start(invocation: Invocation): Promise<undefined> {
  const { ports, paths, udp } = invocation;
  let link = await tryConnect(invocation);
  const started = !link;
  if (!link) {
    const outcome = await ports.startDaemon(paths, { udp, passphrase: await daemonPassphrase(invocation) });
    if (!outcome.ok) throw new CliError(outcome.error);
    link = await connectDaemon(invocation);
  }
  const daemon = await link.call('daemon.status', {});
  link.close();
  report(invocation, daemon, started, started ? 'daemon.started' : 'daemon.already');
}

async function stop(invocation: Invocation): Promise<undefined> {
  const { out, text } = invocation;
  const link = await tryConnect(invocation);
  if (!link) {
    out.done({ stopped: false }, text('daemon.was-not-running'));
    return;
  }
  const pid = await stopAndWait(invocation, link);
  out.done({ stopped: true, pid }, text('daemon.stopped', { pid }));
}

/**
 * Ends the daemon and waits until its profile is free again.
 * @returns its process id
 */
export async function stopAndWait(invocation: Invocation, link: DaemonLink): Promise<number> {
  const { pid } = await link.call('daemon.stop', {});
  const timeoutMs = invocation.timeoutMs ?? CALL_MS_DEFAULT;
  const gone = await Promise.race([link.ended, delay(timeoutMs, undefined, { ref: false })]);
  link.close();
  if (!gone || !(await letsGo(invocation, pid))) throw new CliError({ code: 'TIMED_OUT' });
  return pid;
}

/** The socket closes a moment before the daemon lets go of the profile; only then may another one start. */
async function letsGo({ paths }: Invocation, pid: number): Promise<boolean> {
  for (let attempt = 0; attempt < 150; attempt++) {
    if (!isAlive(pid) || !(await namesPid(paths.pid, pid))) return true;
    await delay(20);
  }
  return false;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function namesPid(path: string, pid: number): Promise<boolean> {
  const content = await readFile(path, 'utf8').catch(() => '');
  return Number.parseInt(content, 10) === pid;
}

async function status(invocation: Invocation): Promise<undefined> {
  const link = await connectDaemon(invocation);
  const daemon = await link.call('daemon.status', {});
  link.close();
  report(invocation, daemon, false, 'daemon.status');
}

function report(
  { out, text }: Invocation,
  daemon: DaemonStatusJson,
  started: boolean,
  sentence: 'daemon.started' | 'daemon.already' | 'daemon.status',
): void {
  const { pid, version, startedAt } = daemon;
  const profile = printable(daemon.profile);
  out.data({ daemon, started }, [text(sentence, { pid, version, profile, startedAt })]);
}
