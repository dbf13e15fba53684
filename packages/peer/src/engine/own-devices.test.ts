import { deviceListHash } from '@magpie/common/channel/device-list.ts';
import { signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import type { AccountNumber, RequestId } from '@magpie/common/ids.ts';
import { DEVICES_MAX } from '@magpie/common/limits.ts';
import { silentLog } from '@magpie/common/log.ts';
import { err, ok } from '@magpie/common/result.ts';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import type { Request } from '../server-link/server-connection.ts';
import { MemoryPeerStore } from '../store/memory-store.ts';
import { knownList } from './device-chain.ts';
import { OwnDevices, type OwnRequests } from './own-devices.ts';
import { chainOf, signedList } from './test-device-lists.ts';
import { newIdentity } from './test-world.ts';

const account = 10_001 as AccountNumber;
const identity = newIdentity(new SeededRandom(1, 'own'));
const accountKey = signingKeyPairOf(identity.accountSeed).publicKey;
const chain = chainOf(identity, 6);

describe('the own chain', () => {
  it('[SV85] is fetched whole at first, then from what is held, and outlives the program', async () => {
    const { own, server, again } = await device([]);
    server.lists = chain.slice(0, 3);
    expect(await own.sync(account, 3, server)).toBe(true);
    server.lists = chain;
    expect(await own.sync(account, 6, server)).toBe(true);
    expect(await own.sync(account, 6, server)).toBe(false);
    expect(server.asked).toEqual([0, 3]);
    expect(own.listVersion).toBe(6);
    expect((await again()).listsAbove(0).map(({ blob }) => blob)).toEqual(chain);
  });

  it('[SV85] is given again to a server that was restored, in order, but for lists that do not hold this device', async () => {
    const elsewhere = newIdentity(new SeededRandom(3, 'own'));
    const without = signedList({ ...elsewhere, accountSeed: identity.accountSeed }, 3, deviceListHash(chain[1]!));
    const back = signedList(identity, 4, deviceListHash(without));
    const { own, server } = await device([...chain.slice(0, 2), without, back]);
    expect(await own.sync(account, 1, server)).toBe(false);
    expect(server.given).toEqual([chain[1], back]);
    expect(own.listVersion).toBe(4);
  });

  it('[SV85] stops giving at the first refusal', async () => {
    const { own, server } = await device(chain);
    server.refuses = true;
    await own.sync(account, 2, server);
    expect(server.given).toEqual([chain[2]]);
  });

  it('[SV85] goes on from what the server has when two devices went on from one list', async () => {
    const forked = signedList(identity, 3, deviceListHash(chain[1]!), 4);
    const onFork = signedList(identity, 4, deviceListHash(forked), 5);
    const { own, server, again } = await device(chain.slice(0, 3));
    server.lists = [...chain.slice(0, 2), forked, onFork];
    expect(await own.sync(account, 4, server)).toBe(true);
    expect(own.newest?.blob).toEqual(onFork);
    expect((await again()).newest?.blob).toEqual(onFork);
    expect(own.listsAbove(0).map(({ list }) => list.version)).toEqual([1, 2, 3, 4]);
  });

  it('[ID10] never goes back, whatever the server shows', async () => {
    const { own, server } = await device(chain.slice(0, 4));
    for (const lists of [[], chain.slice(0, 2), [new Uint8Array(100)], [...chain.slice(0, 4), new Uint8Array(70)]]) {
      server.lists = lists;
      expect(await own.sync(account, 9, server)).toBe(false);
    }
    server.lost = true;
    expect(await own.sync(account, 9, server)).toBe(false);
    expect(own.listVersion).toBe(4);
  });
});

describe('the next own list', () => {
  it('[ID18] follows the one before, with this device or without another', async () => {
    const { own } = await device(chain.slice(0, 2));
    const joined = own.listWithThis(knownList(chain[1]!, accountKey)!)!;
    expect(joined.list).toMatchObject({ version: 3, previousHash: deviceListHash(chain[1]!) });
    expect(joined.list.devices).toHaveLength(2);
    expect(knownList(joined.blob, accountKey)).toEqual(joined);
    expect(own.listWithout(own.keys.device)?.list.devices).toHaveLength(1);
  });

  it('has no room for a seventeenth device', async () => {
    const { own } = await device([], newIdentity(new SeededRandom(4, 'own')).exchangeSecret);
    const full = knownList(signedList(identity, 1, new Uint8Array(32), DEVICES_MAX - 1), accountKey)!;
    expect(own.listWithThis(full)).toBeUndefined();
  });
});

describe('the account key', () => {
  it('[SV86] of another account is kept before it is used, and its chain is another one', async () => {
    const { own, kept, again } = await device(chain);
    const seed = new Uint8Array(32).fill(9);
    await own.takeSeed(seed);
    expect(kept).toEqual([seed]);
    expect(own.accountKey).toEqual(signingKeyPairOf(seed).publicKey);
    expect(own.listVersion).toBe(0);
    await own.adopt([own.beginList(7)]);
    expect(own.newest?.list).toMatchObject({ version: 7, previousHash: new Uint8Array(32) });
    // Read with the old key, as after a crash that lost nothing but the key file's new text.
    expect((await again()).listVersion).toBe(0);
  });

  it('[SV86] that cannot be kept is not used', async () => {
    const { own } = await device(chain, undefined, () => Promise.reject(new Error('no space left')));
    await expect(own.takeSeed(new Uint8Array(32))).rejects.toThrow();
    expect(own.accountKey).toEqual(accountKey);
    expect(own.listVersion).toBe(6);
  });
});

/** A server that has lists and says what it is told to. */
class ScriptedLists implements OwnRequests {
  lists: readonly Uint8Array[] = [];
  refuses = false;
  lost = false;
  readonly asked: number[] = [];
  readonly given: Uint8Array[] = [];

  async request(request: Request) {
    if (request.type !== 'device-list-set') throw new Error(`no answer to ${request.type}`);
    this.given.push(request.deviceList);
    if (this.refuses) return err({ kind: 'refused', code: 'bad-device-list', retryAfterMs: 0 } as const);
    return ok({ type: 'done', requestId: 1 as RequestId } as const);
  }

  async requestAll(request: Request) {
    if (request.type !== 'device-chain-get') throw new Error(`no answer to ${request.type}`);
    if (this.lost) return err({ kind: 'lost' } as const);
    this.asked.push(request.since);
    const lists = this.lists.filter((blob) => (knownList(blob, accountKey)?.list.version ?? 99) > request.since);
    const page = {
      type: 'device-chain',
      requestId: 1 as RequestId,
      account,
      lists: [] as readonly Uint8Array[],
    } as const;
    return ok([
      { ...page, last: false, lists: lists.slice(0, 2) },
      { ...page, last: true, lists: lists.slice(2) },
    ]);
  }
}

/** @param lists what its store has */
async function device(
  lists: readonly Uint8Array[],
  exchangeSecret = identity.exchangeSecret,
  keep: (seed: Uint8Array) => Promise<void> = async () => {},
) {
  const store = new MemoryPeerStore({ sync: async () => {} });
  await store.saveOwnDeviceLists(lists, true);
  const kept: Uint8Array[] = [];
  const identityKeeper = {
    replaceAccountSeed: async (seed: Uint8Array) => {
      await keep(seed);
      kept.push(seed);
    },
  };
  const again = async (): Promise<OwnDevices> => {
    const own = new OwnDevices({ identity: { ...identity, exchangeSecret }, identityKeeper, store, log: silentLog });
    await own.load();
    return own;
  };
  return { own: await again(), server: new ScriptedLists(), kept, again };
}
