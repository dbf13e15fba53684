// The process that makes load: it holds the clients, so that the server's own process holds nothing but the server.
import { parseServerAddress } from '@magpie/common/channel/pin.ts';
import { serveBench } from './bench-process.ts';
import { LoadClient, LoadDevice, type LoadTarget } from './load-client.ts';
import { befriendRing, changePresence, type FriendshipOptions, type PresenceOptions } from './presence-load.ts';
import { type RelayOptions, relay, relayBare } from './relay-load.ts';

/** Clients come from so many addresses of the loopback network. */
const SOURCES = 16;

export interface Storm {
  readonly done: number;
  readonly failed: number;
  readonly seconds: number;
}

const devices: LoadDevice[] = [];
const clients: LoadClient[] = [];
let target: LoadTarget;

serveBench({
  /** Makes keys for so many accounts. */
  prepare: (count: number) => {
    while (devices.length < count) devices.push(new LoadDevice());
  },
  /** Where the server of the next commands is. */
  target: async (address: string) => {
    target = { address: parseServerAddress(address)!, remoteStatic: undefined };
    const first = new LoadClient(new LoadDevice(), target, sourceOf(0));
    await first.resume();
    await first.close();
  },
  register: ({ from, to, concurrency }: { from: number; to: number; concurrency: number }) =>
    storm(from, to, concurrency, async (client, i) => {
      const accepted = await client.register(nameOf(i));
      await client.close();
      return accepted;
    }),
  /** Logs in by device key and stays. */
  resume: ({ count, concurrency }: { count: number; concurrency: number }) =>
    storm(0, count, concurrency, async (client) => {
      const accepted = await client.resume();
      if (accepted) clients.push(client);
      return accepted;
    }),
  /** Logs in by password and leaves; account `i` of `accounts`, again and again. */
  password: ({ count, accounts, concurrency }: { count: number; accounts: number; concurrency: number }) =>
    storm(
      0,
      count,
      concurrency,
      async (client, i) => {
        const accepted = await client.logIn(nameOf(i % accounts));
        await client.close();
        return accepted;
      },
      accounts,
    ),
  closeAll: async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()));
  },
  alive: () => clients.filter((client) => !client.closed).length,
  befriend,
  relay: (options: RelayOptions) =>
    relay(
      Array.from({ length: options.pairs }, (_, n) => pairOf(n)),
      options,
    ),
  relayBare,
  befriendRing: (options: FriendshipOptions) => {
    const names = Array.from({ length: options.accounts }, (_, i) => nameOf(i));
    return befriendRing(names, options);
  },
  changePresence: ({ friendsEach, ...options }: PresenceOptions & { readonly friendsEach: number }) =>
    changePresence(clients, friendsEach, options),
});

/** Runs `act` on one new connection per number, so many at a time. */
async function storm(
  from: number,
  to: number,
  concurrency: number,
  act: (client: LoadClient, i: number) => Promise<boolean>,
  accounts = Number.POSITIVE_INFINITY,
): Promise<Storm> {
  const startedMs = performance.now();
  let next = from;
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let i = next++; i < to; i = next++) {
      const client = new LoadClient(devices[i % Math.min(accounts, devices.length)]!, target, sourceOf(i));
      if (await act(client, i)) done++;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { done, failed: to - from - done, seconds: (performance.now() - startedMs) / 1000 };
}

/** Clients 2n and 2n + 1 become friends, as users do: one asks, the other accepts. */
async function befriend(pairs: number): Promise<number> {
  const befriended = await Promise.all(
    Array.from({ length: pairs }, async (_, n) => {
      const [one, other] = pairOf(n);
      const asked = await one.request({ type: 'friend-add', account: other.welcome!.account, text: '' });
      const account = one.welcome!.account;
      const answered = await other.request({ type: 'friend-answer', account, accept: true });
      return asked?.type === 'done' && answered?.type === 'done';
    }),
  );
  return befriended.filter(Boolean).length;
}

function pairOf(n: number): [LoadClient, LoadClient] {
  return [clients[2 * n]!, clients[2 * n + 1]!];
}

function nameOf(i: number): string {
  return `load_${i.toString(36)}`;
}

function sourceOf(i: number): string {
  return `127.0.1.${1 + (i % SOURCES)}`;
}
