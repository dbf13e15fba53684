import { DEVICE_CHAIN_MAX } from '@magpie/common/limits.ts';
import { NOTICES_MAX } from '@magpie/peer/store/limits.ts';
import { DEFAULT_SETTINGS, type PeerStore } from '@magpie/peer/store/store.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { wall } from './peer-store-samples.ts';

/** Settings, the own chain and notices: the part of the contract that concerns nobody else. */
export function peerStoreOwnContract(current: () => PeerStore): void {
  let store: PeerStore;
  beforeEach(() => {
    store = current();
  });

  describe('settings', () => {
    it('are the defaults until the user has chosen, and then change one by one', async () => {
      expect(await store.settings()).toEqual(DEFAULT_SETTINGS);
      await store.saveSettings({ neverDirect: true, statusText: '忙着呢' });
      await store.saveSettings({ presence: 'busy', autoAwayMs: 0 });
      expect(await store.settings()).toEqual({
        neverDirect: true,
        statusText: '忙着呢',
        sendTyping: true,
        sendReadReceipts: true,
        presence: 'busy',
        autoAwayMs: 0,
      });
    });
  });

  describe('[R6] the own chain of device lists', () => {
    it('keeps lists in the order in which they came, each once', async () => {
      expect(await store.ownDeviceLists()).toEqual([]);
      await store.saveOwnDeviceLists([list(1), list(2)], false);
      await store.saveOwnDeviceLists([list(2), list(3)], false);
      expect(await store.ownDeviceLists()).toEqual([list(1), list(2), list(3)]);
    });

    it('begins anew with a new account key', async () => {
      await store.saveOwnDeviceLists([list(1), list(2)], false);
      await store.saveOwnDeviceLists([list(9)], true);
      expect(await store.ownDeviceLists()).toEqual([list(9)]);
      await store.saveOwnDeviceLists([list(10)], false);
      expect(await store.ownDeviceLists()).toEqual([list(9), list(10)]);
    });

    it('is bounded: the oldest lists go', async () => {
      const lists = Array.from({ length: DEVICE_CHAIN_MAX + 2 }, (_, n) => list(n));
      await store.saveOwnDeviceLists(lists.slice(0, 700), false);
      await store.saveOwnDeviceLists(lists.slice(700), false);
      expect(await store.ownDeviceLists()).toEqual(lists.slice(2));
    });
  });

  describe('notices', () => {
    it('are told apart by id: what is there already was shown already', async () => {
      expect(await store.notices(10)).toEqual([]);
      expect(await store.saveNotice(notice(2))).toBe(true);
      expect(await store.saveNotice(notice(1))).toBe(true);
      expect(await store.saveNotice({ ...notice(2), text: 'other' })).toBe(false);
      expect(await store.notices(10)).toEqual([kept(2), kept(1)]);
      expect(await store.notices(1)).toEqual([kept(2)]);
    });

    it('stay in the list when they were dismissed, which lasts', async () => {
      await store.saveNotice(notice(1));
      await store.saveNotice(notice(2));
      expect(await store.dismissNotice(1)).toEqual(kept(1, true));
      expect(await store.dismissNotice(1)).toEqual(kept(1, true));
      expect(await store.dismissNotice(3)).toBeUndefined();
      expect(await store.saveNotice(notice(1))).toBe(false);
      expect(await store.notices(10)).toEqual([kept(2), kept(1, true)]);
    });

    it('are bounded: the oldest go, and do not come back', async () => {
      await Promise.all(Array.from({ length: NOTICES_MAX + 5 }, (_, n) => store.saveNotice(notice(n + 1))));
      const kept = await store.notices(NOTICES_MAX + 5);
      expect([kept.length, kept[0]?.id, kept.at(-1)?.id]).toEqual([NOTICES_MAX, NOTICES_MAX + 5, 6]);
      expect(await store.saveNotice(notice(3))).toBe(false);
      expect(await store.notices(NOTICES_MAX + 5)).toEqual(kept);
    });
  });
}

function notice(id: number) {
  return { id, at: wall(id * 10), text: `notice ${id}` };
}

function kept(id: number, dismissed = false) {
  return { ...notice(id), dismissed };
}

/** The store does not look inside a list. */
function list(n: number): Uint8Array {
  return new Uint8Array([n >> 8, n & 0xff, 7]);
}
