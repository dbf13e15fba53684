import { type Pin, pinOf } from '@magpie/common/channel/pin.ts';
import type { InvitingServer } from '@magpie/common/invitation.ts';
import type { Log } from '@magpie/common/log.ts';
import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import { err, ok } from '@magpie/common/result.ts';
import type { AdminHost } from '../admin/admin-commands.ts';
import { adminPathOf } from '../admin/admin-path.ts';
import { openAdminSocket } from '../admin/admin-socket.ts';
import type { ServerConfig } from '../config.ts';
import { createServer, type Server, type ServerPorts } from '../server.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import { Argon2Hasher } from './argon2-hasher.ts';
import { dataFolderAt, lockDataFolder, prepareDataFolder } from './data-folder.ts';
import { freshSnapshotPath, removeSnapshots } from './make-backup.ts';
import { Metrics } from './metrics.ts';
import { type Monitor, openMonitor } from './monitor.ts';
import { publicAddressOf } from './public-address.ts';
import { finishRestore } from './restore-backup.ts';
import { loadServerKey } from './server-key.ts';
import { StartError, type StartErrorCode } from './start-error.ts';
import { systemClock } from './system-clock.ts';
import { systemRandom } from './system-random.ts';
import { tcpListener } from './tcp-listener.ts';
import { udpSockets } from './udp-reflector.ts';
import { boundYoungHeap } from './young-heap.ts';

/** An orderly stop may always take this long, however short `drain_seconds` is … */
const STOP_MS_MIN = 4_500;
/** … of which this is for the last close frames, the database and the sockets. */
const STOP_REST_MS = 3_000;
/** The shortest time over which connections are closed. */
const DRAIN_MS_MIN = 500;

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
  /** R10: what to hand out. */
  readonly address: InvitingServer;
  /** Where health and metrics are told, if anywhere. */
  readonly monitor: Endpoint | undefined;
  /** Resolves when an operator asks for the end. */
  readonly stopAsked: Promise<void>;
  /** An orderly stop ends within this time, or hangs. */
  readonly stopMsMax: number;
  /** Tells clients, a few at a time, then closes everything. Twice is safe. */
  stop(): Promise<void>;
}

/** Puts the server on the real world. Rejects with StartError, BackupError or StoreOpenError, and nothing stays open then. */
export async function startServer(config: ServerConfig, log: Log, options: StartOptions): Promise<RunningServer> {
  await using opening = new AsyncDisposableStack();
  const folder = dataFolderAt(config.dataFolder);
  prepareDataFolder(folder);
  const lock = lockDataFolder(folder);
  opening.defer(() => lock.release());
  finishRestore(folder);
  removeSnapshots(folder, 0);
  const key = loadServerKey(folder, systemRandom, options.newKey);
  const store = await openSqliteStore(folder.database, { mayCreate: key.isNew || options.newDatabase });
  opening.defer(() => store.close());
  key.keep();
  const metrics = config.monitor && new Metrics();
  const ports: ServerPorts = {
    clock: systemClock,
    random: systemRandom,
    store: metrics?.timed(store) ?? store,
    hasher: new Argon2Hasher(config.passwordHash),
    log,
    staticKey: key.pair,
    tcp: tcpListener,
    udp: udpSockets,
    atTurnEnd: setImmediate,
  };
  opening.defer(boundYoungHeap());
  const { server, listen, udpPorts } = await bind(ports, config);
  opening.defer(() => server.stop());

  const pin = pinOf(key.pair.publicKey);
  const address = publicAddressOf(listen[0]!, config.publicHost, pin);
  const ending = new Ending(config);
  let monitor: Monitor | undefined;
  if (config.monitor && metrics) {
    metrics.watch(server, () => ending.hasBegun);
    const isServing = () => !ending.hasBegun;
    monitor = await monitorAt(config.monitor, { metrics, isServing, askStore: () => store.latestNoticeId() });
    opening.defer(() => monitor?.close());
  }
  let isCopying = false;
  const host: AdminHost = {
    server,
    address,
    registration: config.registration,
    snapshot: async () => {
      if (isCopying) return err('busy');
      isCopying = true;
      try {
        const path = freshSnapshotPath(folder);
        await store.backupTo(path);
        return ok(path);
      } finally {
        isCopying = false;
      }
    },
    isStopping: () => ending.hasBegun,
    requestStop: (drainPerSecond) => ending.ask(drainPerSecond, server),
  };
  const admin = await openAdminSocket(adminPathOf(folder.path), host, log);
  opening.defer(() => admin.close());
  log.info({ listen: listen.map(endpointText), udpPorts }, 'server started');
  const open = opening.move();
  return {
    ...{ listen, udpPorts, pin, address, monitor: monitor?.local },
    stopAsked: ending.asked,
    stopMsMax: ending.msMax,
    stop: async () => {
      const perSecond = ending.begin(server);
      log.info({ connections: server.stats().connections, perSecond }, 'stopping');
      // Operators and monitors may look on until the last client is gone.
      await server.stop(perSecond);
      await open.disposeAsync();
    },
  };
}

/** How fast an orderly stop goes, and whether it has begun. */
class Ending {
  readonly asked: Promise<void>;
  readonly msMax: number;
  #resolveAsked: () => void = () => {};
  #perSecond: number;
  #perSecondNow: number | undefined;

  constructor({ drainPerSecond, drainSeconds }: ServerConfig) {
    this.#perSecond = drainPerSecond;
    this.msMax = Math.max(STOP_MS_MIN, drainSeconds * 1_000);
    this.asked = new Promise((resolve) => {
      this.#resolveAsked = resolve;
    });
  }

  get hasBegun(): boolean {
    return this.#perSecondNow !== undefined;
  }

  /** @returns seconds until the process is gone at the latest */
  ask(drainPerSecond: number | undefined, server: Server): number {
    if (!this.hasBegun) this.#perSecond = drainPerSecond ?? this.#perSecond;
    this.begin(server);
    // After the answer to whoever asked.
    setImmediate(this.#resolveAsked);
    return Math.ceil(this.msMax / 1_000) + 1;
  }

  /** @returns connections to close a second: as set, or more where that would take too long */
  begin(server: Server): number {
    const drainMs = Math.max(DRAIN_MS_MIN, this.msMax - STOP_REST_MS);
    const needed = Math.ceil((server.stats().connections * 1_000) / drainMs);
    this.#perSecondNow ??= Math.max(this.#perSecond, needed);
    return this.#perSecondNow;
  }
}

async function monitorAt(endpoint: Endpoint, ports: Parameters<typeof openMonitor>[1]): Promise<Monitor> {
  try {
    return await openMonitor(endpoint, ports);
  } catch (cause) {
    throw bindErrorOf(cause, [endpoint]);
  }
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
