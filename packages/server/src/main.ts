import { type Pin, pinOf } from '@magpie/common/channel/pin.ts';
import type { Log } from '@magpie/common/log.ts';
import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import { adminPathOf } from './admin/admin-path.ts';
import { openAdminSocket } from './admin/admin-socket.ts';
import { EXIT } from './cli/exit-codes.ts';
import { runProgram } from './cli/program.ts';
import type { ServerConfig } from './config.ts';
import { Argon2Hasher } from './io/argon2-hasher.ts';
import { dataFolderAt, lockDataFolder, prepareDataFolder } from './io/data-folder.ts';
import { stderrLog } from './io/pino-log.ts';
import { loadServerKey } from './io/server-key.ts';
import { StartError, type StartErrorCode } from './io/start-error.ts';
import { systemClock } from './io/system-clock.ts';
import { systemRandom } from './io/system-random.ts';
import { tcpListener } from './io/tcp-listener.ts';
import { udpSockets } from './io/udp-reflector.ts';
import { createServer, type Server, type ServerPorts } from './server.ts';
import { openSqliteStore } from './store/sqlite-store.ts';

/** An orderly stop takes at most this long; then the process ends as it is (the database needs no goodbye). */
const STOP_MS_MAX = 4_500;
/** Ctrl-C reaches a child twice, from the terminal and from a parent that passes signals on: that is one wish. */
const SAME_SIGNAL_MS = 500;

export interface StartOptions {
  /** Make a new key although a database shows that users know an old one. */
  readonly newKey: boolean;
  /** Make a new database although a key shows that there was an old one. */
  readonly newDatabase: boolean;
}

export interface RunningServer {
  readonly listen: readonly Endpoint[];
  readonly udpPorts: readonly number[];
  readonly pin: Pin;
  /** Tells clients, then closes everything. Twice is safe. */
  stop(): Promise<void>;
}

/** Puts the server on the real world. Rejects with StartError or StoreOpenError, and nothing stays open then. */
async function startServer(config: ServerConfig, log: Log, options: StartOptions): Promise<RunningServer> {
  await using opening = new AsyncDisposableStack();
  const folder = dataFolderAt(config.dataFolder);
  prepareDataFolder(folder);
  const lock = lockDataFolder(folder);
  opening.defer(() => lock.release());
  const key = loadServerKey(folder, systemRandom, options.newKey);
  const store = await openSqliteStore(folder.database, { mayCreate: key.isNew || options.newDatabase });
  opening.defer(() => store.close());
  key.keep();
  const staticKey = key.pair;
  const ports: ServerPorts = {
    clock: systemClock,
    random: systemRandom,
    store,
    hasher: new Argon2Hasher(config.passwordHash),
    log,
    staticKey,
    tcp: tcpListener,
    udp: udpSockets,
    atTurnEnd: setImmediate,
  };
  const { server, listen, udpPorts } = await bind(ports, config);
  opening.defer(() => server.stop());
  const admin = await openAdminSocket(adminPathOf(folder.path), server, log);
  opening.defer(() => admin.close());
  log.info({ listen: listen.map(endpointText), udpPorts }, 'server started');
  const open = opening.move();
  return { listen, udpPorts, pin: pinOf(staticKey.publicKey), stop: () => open.disposeAsync() };
}

async function bind(
  ports: ServerPorts,
  config: ServerConfig,
): Promise<{ server: Server; listen: readonly Endpoint[]; udpPorts: readonly number[] }> {
  const { listen, udpPorts, registration, limits } = config;
  const server = createServer(ports, { listen, ...(udpPorts && { udpPorts }), registration, limits });
  try {
    const started = await server.start();
    return { server, listen: started.tcp, udpPorts: started.udpPorts };
  } catch (cause) {
    const isDefault = listen.length === 1 && listen[0]!.address === '::';
    // Where the kernel has no IPv6, every address is every IPv4 address.
    if (isDefault && (cause as NodeJS.ErrnoException).code === 'EAFNOSUPPORT') {
      return bind(ports, { ...config, listen: [{ address: '0.0.0.0', port: listen[0]!.port }] });
    }
    throw bindErrorOf(cause, listen);
  }
}

const BIND_ERRORS: Readonly<Record<string, StartErrorCode>> = {
  EADDRINUSE: 'address-in-use',
  EACCES: 'address-forbidden',
  EPERM: 'address-forbidden',
  EADDRNOTAVAIL: 'address-unavailable',
  EAFNOSUPPORT: 'address-unavailable',
};

function bindErrorOf(cause: unknown, listen: readonly Endpoint[]): unknown {
  const { code = '', address, port } = cause as NodeJS.ErrnoException & Partial<Endpoint>;
  const startCode = BIND_ERRORS[code];
  if (startCode === undefined) return cause;
  const subject =
    address === undefined || port === undefined ? listen.map(endpointText).join(', ') : endpointText({ address, port });
  return new StartError(startCode, subject, { detail: code });
}

/** The first signal asks for an orderly stop; the second, or a stop that hangs, ends the process at once. */
function stopRequested(log: () => Log | undefined): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    const ask = (signal: NodeJS.Signals): void => {
      const now = performance.now();
      if (askedAt !== undefined) {
        if (now - askedAt > SAME_SIGNAL_MS) process.exit(signal === 'SIGINT' ? 130 : 143);
        return;
      }
      askedAt = now;
      setTimeout(() => {
        log()?.error({ afterMs: STOP_MS_MAX }, 'the orderly stop hangs; ending');
        process.exit(EXIT.error);
      }, STOP_MS_MAX).unref();
      resolve();
    };
    process.on('SIGTERM', ask);
    process.on('SIGINT', ask);
  });
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
    stopRequested: () => stopRequested(() => log),
    startServer,
    openLog: (config) => {
      log = stderrLog(config.logLevel);
      return log;
    },
  });
  process.exitCode = exit;
}

await main();
