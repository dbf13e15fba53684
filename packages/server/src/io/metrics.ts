import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Server, ServerStats } from '../server.ts';
import type { Store, StoreCounts } from '../store/store.ts';

/** Counting rows costs a scan of the database; scrapes come every few seconds. */
const COUNTS_MS_MAX = 15_000;
/** A store call takes a sync of the disk: from a cached read to a disk that is nearly dead. */
const STORE_SECONDS = [0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

interface Figure {
  readonly name: string;
  readonly help: string;
  readonly type: 'gauge' | 'counter';
}

/** What stands for itself; logins are counted by method and result. */
type PlainFigure = Exclude<keyof ServerStats, 'logins'>;

/** What the server counts, by its own word for it. */
const FIGURES: Readonly<Record<PlainFigure, Figure>> = {
  connections: gauge('connections', 'Open connections, logged in or not.'),
  anonymous: gauge('connections_anonymous', 'Open connections that have not logged in.'),
  proved: gauge('connections_proved', 'Connections that gave the password and wait to enter the list of devices.'),
  sessions: gauge('sessions', 'Devices that are logged in now.'),
  relayedPackets: counter('relayed_packets_total', 'Packets relayed between friends.'),
  relayedBytes: counter('relayed_bytes_total', 'Bytes relayed between friends.'),
  relayDropped: counter('relay_dropped_total', 'Relayed packets dropped for a slow receiver or over a limit.'),
  reflected: counter('reflected_total', 'Questions for the own address that were answered.'),
  reflectIgnored: counter('reflect_ignored_total', 'Datagrams to the reflector that were not answered.'),
  mailsPut: counter('mails_put_total', 'Sealed envelopes that were stored for a device.'),
  mailsPushed: counter('mails_pushed_total', 'Sealed envelopes that went to a device as they came.'),
  mailsRefused: counter('mails_refused_total', 'Sealed envelopes that were not taken.'),
};

const STORED: Readonly<Record<keyof StoreCounts, Figure>> = {
  accounts: gauge('accounts', 'Accounts, the locked ones included.'),
  locked: gauge('accounts_locked', 'Accounts that the operator has locked.'),
  deleted: gauge('accounts_deleted', 'Deleted accounts, whose names stay taken.'),
  devices: gauge('devices', 'Devices that may log in by key.'),
  friendships: gauge('friendships', 'Pairs of friends.'),
  notices: gauge('notices', 'Notices that are kept.'),
  invites: gauge('invites', 'Invitations that still let somebody in.'),
  mails: gauge('mails', 'Envelopes that wait in mailboxes.'),
  mailBytes: gauge('mail_bytes', 'Their bytes.'),
};

/** What a monitor tells. No label ever names an account, a device or an address: there are too many, and it is nobody's business. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #storeSeconds: Histogram<'op'>;
  readonly #storeFailures: Counter<'op'>;
  #storeWaiting = 0;
  #counts: { readonly at: number; readonly counts: Promise<StoreCounts | undefined> } | undefined;

  constructor() {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#storeSeconds = new Histogram({
      name: 'magpie_store_seconds',
      help: 'Time from a store call to its answer, by operation.',
      labelNames: ['op'],
      buckets: STORE_SECONDS,
      registers,
    });
    this.#storeFailures = new Counter({
      name: 'magpie_store_failures_total',
      help: 'Store calls that failed, by operation.',
      labelNames: ['op'],
      registers,
    });
    const waiting = () => this.#storeWaiting;
    new Gauge({
      name: 'magpie_store_calls_waiting',
      help: 'Store calls that wait for their answer.',
      registers,
      collect() {
        this.set(waiting());
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** The page that Prometheus reads. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  /** Shows what `server` counts. @param isDraining whether an orderly stop has begun */
  watch(server: Server, isDraining: () => boolean): void {
    for (const [key, figure] of Object.entries(FIGURES) as [PlainFigure, Figure][]) {
      this.#show(figure, () => server.stats()[key]);
    }
    for (const [key, figure] of Object.entries(STORED) as [keyof StoreCounts, Figure][]) {
      this.#show(figure, async () => (await this.#countsOf(server))?.[key]);
    }
    new Counter({
      name: 'magpie_logins_total',
      help: 'Ways in, by the request that was made and what came of it.',
      labelNames: ['method', 'result'],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [method, { accepted, refused }] of Object.entries(server.stats().logins)) {
          this.inc({ method, result: 'accepted' }, accepted);
          this.inc({ method, result: 'refused' }, refused);
        }
      },
    });
    this.#show(gauge('draining', '1 once an orderly stop has begun.'), () => (isDraining() ? 1 : 0));
  }

  /** The same store, every call timed. */
  timed(store: Store): Store {
    const timed = new Map<PropertyKey, unknown>();
    return new Proxy(store, {
      get: (target, key) => {
        const member: unknown = Reflect.get(target, key, target);
        if (typeof member !== 'function' || key === 'close') return bound(member, target);
        let known = timed.get(key);
        if (!known) {
          known = (...args: readonly unknown[]) => this.#time(String(key), () => member.apply(target, args));
          timed.set(key, known);
        }
        return known;
      },
    });
  }

  async #time(op: string, call: () => Promise<unknown>): Promise<unknown> {
    const startedAt = performance.now();
    this.#storeWaiting += 1;
    try {
      return await call();
    } catch (cause) {
      this.#storeFailures.inc({ op });
      throw cause;
    } finally {
      this.#storeWaiting -= 1;
      this.#storeSeconds.observe({ op }, (performance.now() - startedAt) / 1_000);
    }
  }

  #show({ name, help, type }: Figure, read: () => number | undefined | Promise<number | undefined>): void {
    const settings = { name: `magpie_${name}`, help, registers: [this.#registry] };
    if (type === 'gauge') {
      new Gauge({
        ...settings,
        async collect() {
          const value = await read();
          if (value !== undefined) this.set(value);
        },
      });
      return;
    }
    new Counter({
      ...settings,
      async collect() {
        const value = await read();
        this.reset();
        this.inc(value ?? 0);
      },
    });
  }

  /** One scan for all figures of a page, and for the pages of a while. A failure leaves the last figures standing. */
  #countsOf(server: Server): Promise<StoreCounts | undefined> {
    const now = performance.now();
    if (!this.#counts || now - this.#counts.at >= COUNTS_MS_MAX) {
      this.#counts = { at: now, counts: server.counts().catch(() => undefined) };
    }
    return this.#counts.counts;
  }
}

function bound(member: unknown, target: object): unknown {
  return typeof member === 'function' ? member.bind(target) : member;
}

function gauge(name: string, help: string): Figure {
  return { name, help, type: 'gauge' };
}

function counter(name: string, help: string): Figure {
  return { name, help, type: 'counter' };
}
