import { deviceListHash, signDeviceList } from '@magpie/common/channel/device-list.ts';
import { signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import { followChain, follows, knownList, soundTail } from './device-chain.ts';
import { deviceKeysOf } from './device-keys.ts';
import { chainOf, signedList } from './test-device-lists.ts';
import { newIdentity } from './test-world.ts';

const identity = newIdentity(new SeededRandom(1, 'chain'));
const account = signingKeyPairOf(identity.accountSeed);
const stranger = signingKeyPairOf(new Uint8Array(32).fill(7));
const blobs = chainOf(identity, 6);
const held = knownList(blobs[1]!, account.publicKey)!;

describe('a chain of device lists', () => {
  it('[ID18] is walked from the list held, and from the very first', () => {
    expect(versions(followChain(held, blobs.slice(2), account.publicKey))).toEqual([3, 4, 5, 6]);
    expect(versions(followChain(undefined, blobs, account.publicKey))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(versions(followChain(held, [], account.publicKey))).toEqual([]);
  });

  it('[ID18] may begin at a higher version with a key that replaced another', () => {
    const begun = signedList(identity, 9, new Uint8Array(32));
    expect(versions(followChain(undefined, [begun], account.publicKey))).toEqual([9]);
    expect(
      versions(followChain(undefined, [signedList(identity, 9, new Uint8Array(32).fill(1))], account.publicKey)),
    ).toBe('broken');
  });

  it('[ID19] is broken by a gap, another order, a double, a fork or a list of another key', () => {
    const [, , third, fourth, fifth] = blobs as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array];
    const forked = signedList(identity, 4, deviceListHash(fourth));
    const foreign = signDeviceList(
      { ...knownList(third, account.publicKey)!.list, accountKey: stranger.publicKey },
      stranger.secretKey,
    );
    const cut = third.slice(0, -1);
    for (const lists of [
      [fourth],
      [third, fifth],
      [fourth, third],
      [third, third],
      [third, forked],
      [foreign],
      [cut],
    ]) {
      expect(versions(followChain(held, lists, account.publicKey))).toBe('broken');
    }
  });

  it('[ID18] is followed for at most 1,024 lists', () => {
    expect(versions(followChain(held, Array(1_025).fill(blobs[2]), account.publicKey))).toBe('broken');
  });

  it('goes on only with the version behind and the hash of the one before', () => {
    const third = knownList(blobs[2]!, account.publicKey)!;
    expect(follows(third, held)).toBe(true);
    expect(follows(third, third)).toBe(false);
    expect(follows(held, third)).toBe(false);
  });

  it('[SV85] has a sound tail behind its last gap or fork', () => {
    const tail = (lists: readonly Uint8Array[]) => soundTail(lists, account.publicKey).map(({ list }) => list.version);
    expect(tail(blobs)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(tail([blobs[0]!, ...blobs.slice(3)])).toEqual([4, 5, 6]);
    expect(tail([...blobs.slice(0, 5), new Uint8Array(70)])).toEqual([]);
    expect(tail([])).toEqual([]);
  });
});

describe('the keys of a device', () => {
  it('[ID4] make a first list that begins a chain', () => {
    const { deviceList } = deviceKeysOf(identity);
    expect(versions(followChain(undefined, [deviceList], account.publicKey))).toEqual([1]);
  });
});

function versions(walked: ReturnType<typeof followChain>): readonly number[] | 'broken' {
  return walked.ok ? walked.value.map(({ list }) => list.version) : walked.error;
}
