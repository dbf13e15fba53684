import { fileURLToPath } from 'node:url';
import type { Log } from '@magpie/common/log.ts';
import { runCli } from './cli/program.ts';
import type { ProfilePaths } from './config.ts';
import type { DaemonOptions } from './daemon/run-daemon.ts';
import type { Engine } from './engine/engine.ts';

// The program `magpie`. What only a daemon needs (SQLite, sockets, keys) is loaded only there, so that a short command
// stays short.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const EXIT_OF_SIGNAL = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** The engine on the real ports; the simulator builds the same one on others. */
async function composeEngine(paths: ProfilePaths, options: DaemonOptions, log: Log): Promise<Engine> {
  const [{ ProfileProblem }, { OPEN_FILES, SealedFiles }, { hasPassphrase, openProfileKey }, { SystemRandom }] =
    await Promise.all([
      import('./daemon/run-daemon.ts'),
      import('./io/file-seal.ts'),
      import('./io/profile-key-file.ts'),
      import('./io/system-random.ts'),
    ]);
  const random = new SystemRandom();
  const isLocked = hasPassphrase(paths.folder);
  if (isLocked && options.passphrase === undefined) throw new ProfileProblem('passphrase-needed', paths.folder);
  const opened = isLocked ? await openProfileKey(paths.folder, options.passphrase ?? '') : undefined;
  if (opened && !opened.ok) throw new ProfileProblem(opened.error.code, opened.error.detail);
  const seal = opened ? new SealedFiles(opened.value.files, random) : OPEN_FILES;
  // The store's thread begins and opens the history while everything else is loaded in this one.
  const { openSqlitePeerStore } = await import('./store/sqlite-store.ts');
  const opening = openSqlitePeerStore(paths.database, opened?.value.database);
  opening.catch(() => {});
  const [
    { encapsulateFor },
    { createEngine },
    { IdentityFile, loadOrCreateIdentity },
    { MailboxKeyFile },
    { SystemInterfaces },
    { SystemClock },
    { SystemTcpConnector },
    { SystemUdpFactory },
  ] = await Promise.all([
    import('@magpie/common/channel/envelope-kem.ts'),
    import('./engine/create-engine.ts'),
    import('./io/identity-file.ts'),
    import('./io/mailbox-key-file.ts'),
    import('./io/network-interfaces.ts'),
    import('./io/system-clock.ts'),
    import('./io/tcp-connector.ts'),
    import('./io/udp-sockets.ts'),
  ]);
  const clock = new SystemClock();
  const store = await opening;
  const inUse = (await store.profile()) !== undefined;
  const identity = await loadOrCreateIdentity(paths.folder, random, { mayCreate: !inUse, seal });
  if (!identity.ok) {
    await store.close();
    throw new ProfileProblem(identity.error.code, identity.error.detail);
  }
  const tcp = new SystemTcpConnector();
  const udp = new SystemUdpFactory();
  const interfaces = new SystemInterfaces(clock);
  const identityKeeper = new IdentityFile(paths.folder, random, seal);
  const mailboxKeyKeeper = new MailboxKeyFile(paths.folder, random, seal);
  const keys = { identity: identity.value, identityKeeper, mailboxKeyKeeper, encapsulate: encapsulateFor };
  return createEngine({ clock, random, store, tcp, udp, interfaces, ...keys, log }, { udp: options.udp, udpPort: 0 });
}

/** Until a command listens itself, a signal ends the process at once, with the exit code that says so. */
const listeners = new Set<(signal: string) => void>();
for (const signal of SIGNALS) {
  process.on(signal, () => {
    if (listeners.size === 0) process.exit(EXIT_OF_SIGNAL[signal]);
    for (const listener of listeners) listener(signal);
  });
}

/** Nobody reads any more (`magpie watch | head`): that is an end, not an error. A daemon goes on without its output. */
let runsDaemon = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (!runsDaemon) process.exit(error.code === 'EPIPE' ? 0 : 1);
  });
}

const exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  runDaemon: async (paths, options) => {
    runsDaemon = true;
    const { runDaemon } = await import('./daemon/run-daemon.ts');
    return runDaemon(paths, options, composeEngine);
  },
  startDaemon: async (paths, options) => {
    const { spawnDaemon } = await import('./daemon/spawn-daemon.ts');
    return spawnDaemon(fileURLToPath(import.meta.url), paths, options, process.env);
  },
  openBrowser: async (url, waitMs) => {
    const { openBrowser } = await import('./io/browser.ts');
    return openBrowser(url, waitMs);
  },
  onSignal: (handler) => {
    listeners.add(handler);
    return () => listeners.delete(handler);
  },
});
process.stdout.write('', () => process.exit(exitCode));
