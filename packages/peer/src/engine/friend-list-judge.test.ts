import { deviceListHash } from '@magpie/common/channel/device-list.ts';
import { signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber } from '@magpie/common/ids.ts';
import { err, ok } from '@magpie/common/result.ts';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import { type Contact, NO_NOTES } from '../store/store.ts';
import { type FetchChain, judgeEntry } from './friend-list-judge.ts';
import { chainOf, signedList } from './test-device-lists.ts';
import { newIdentity } from './test-world.ts';

const identity = newIdentity(new SeededRandom(1, 'friend'));
const accountKey = signingKeyPairOf(identity.accountSeed).publicKey;
const other = newIdentity(new SeededRandom(2, 'friend'));
const otherKey = signingKeyPairOf(other.accountSeed).publicKey;
const chain = chainOf(identity, 5);
const EMPTY = new Uint8Array(0);

describe('a list of devices that the server shows of a friend', () => {
  it('is taken when nothing is known yet', async () => {
    expect(await judge(chain[4]!, undefined)).toEqual({ list: chain[4], verdict: 'taken' });
    expect(await judge(chain[4]!, contact(EMPTY))).toEqual({ list: chain[4], verdict: 'taken' });
  });

  it('[ID20] changes no name', async () => {
    const renamed = { ...entryWith(chain[1]!), name: 'other' as AccountName, displayName: 'Other' };
    const { entry } = await judgeEntry(renamed, contact(chain[1]!), noQuestion);
    expect(entry).toMatchObject({ name: 'friend', displayName: 'Other' });
  });

  it('[ID18] is taken without a question when it is the same or the next one', async () => {
    expect(await judge(chain[1]!, contact(chain[1]!))).toEqual({ list: chain[1], verdict: 'taken' });
    expect(await judge(chain[2]!, contact(chain[1]!))).toEqual({ list: chain[2], verdict: 'taken' });
  });

  it('[ID18] further ahead is taken when the lists between lead to it, or beyond it', async () => {
    const asked: number[] = [];
    const fetch: FetchChain = async (_account, since) => {
      asked.push(since);
      return ok(chain.slice(since));
    };
    expect(await judge(chain[3]!, contact(chain[1]!), fetch)).toEqual({ list: chain[4], verdict: 'taken' });
    expect(asked).toEqual([2]);
  });

  it('[ID10] lower than the one held is not taken', async () => {
    expect(await judge(chain[1]!, contact(chain[2]!))).toEqual({ list: chain[2], verdict: 'kept' });
  });

  it('[ID10] lower than the one held is not taken after a removal either', async () => {
    expect(await judge(EMPTY, contact(chain[2]!))).toEqual({ list: chain[2], verdict: 'kept' });
  });

  it('[ID19] beside the one held, or that nothing leads to, or of no value, is broken', async () => {
    const beside = signedList(identity, 2, deviceListHash(chain[0]!), 3);
    const ahead = signedList(identity, 4, deviceListHash(chain[1]!));
    expect(await judge(beside, contact(chain[1]!))).toEqual({ list: chain[1], verdict: 'broken' });
    expect(await judge(chain[1]!.slice(1), contact(chain[1]!))).toEqual({ list: chain[1], verdict: 'broken' });
    for (const lists of [[], [chain[2]!], [ahead], [chain[4]!]]) {
      const fetch: FetchChain = async () => ok(lists);
      expect(await judge(ahead, contact(chain[1]!), fetch)).toEqual({ list: chain[1], verdict: 'broken' });
    }
  });

  it('[ID19] says nothing while the chain cannot be fetched', async () => {
    const fetch: FetchChain = async () => err('lost');
    expect(await judge(chain[4]!, contact(chain[1]!), fetch)).toEqual({ list: chain[1], verdict: 'owed' });
  });

  it('[ID19] is not looked at while the one before is broken', async () => {
    const broken = { ...contact(chain[1]!), local: { ...NO_NOTES, listBroken: true } };
    expect(await judge(chain[2]!, broken)).toEqual({ list: chain[1], verdict: 'kept' });
  });

  it('[ID6] of another account key comes with that key, and broken when it goes back to the pinned one', async () => {
    const list = signedList(other, 1, new Uint8Array(32));
    const changed = await judge(list, contact(chain[1]!), undefined, otherKey);
    expect(changed).toEqual({ list, verdict: 'taken' });
    const shownOther: Contact = { ...contact(list), accountKey: otherKey, pinnedKey: accountKey };
    expect(await judge(chain[0]!, shownOther)).toEqual({ list: chain[0], verdict: 'broken' });
  });
});

const noQuestion: FetchChain = async () => {
  throw new Error('nothing is to be asked');
};

async function judge(list: Uint8Array, held: Contact | undefined, fetch = noQuestion, key = accountKey) {
  const { entry, verdict } = await judgeEntry({ ...entryWith(list), accountKey: key }, held, fetch);
  return { list: entry.deviceList, verdict };
}

function entryWith(deviceList: Uint8Array): RosterEntry {
  return {
    account: 10_002 as AccountNumber,
    name: 'friend' as AccountName,
    displayName: 'Friend',
    state: 'member',
    version: 5,
    accountKey,
    deviceList,
    text: '',
    signatureLine: '',
  };
}

function contact(deviceList: Uint8Array): Contact {
  return { ...entryWith(deviceList), pinnedKey: accountKey, unread: 0, local: NO_NOTES };
}
