import { NO_NOTES, type PeerStore } from '@magpie/peer/store/store.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { BOB, CAROL, incoming, key, messageId, rosterEntry, textTo, wall } from './peer-store-samples.ts';

/** Roster, pins and notes: the part of the contract about other people. The profile is there already. */
export function peerStoreContactsContract(current: () => PeerStore): void {
  describe('contacts', () => {
    let store: PeerStore;
    beforeEach(() => {
      store = current();
    });

    it('replaces rows by account, with the version of the list', async () => {
      await store.applyRoster([rosterEntry(BOB, { state: 'asked' }), rosterEntry(CAROL)], 3);
      await store.applyRoster([rosterEntry(BOB, { displayName: 'Bobby', version: 4 })], 4);
      expect((await store.contacts()).map((c) => [c.account, c.displayName, c.state, c.version])).toEqual([
        [BOB, 'Bobby', 'member', 4],
        [CAROL, 'name', 'member', 1],
      ]);
      expect((await store.profile())?.rosterVersion).toBe(4);
    });

    it('pins the account key when friendship begins, not before (D3)', async () => {
      await store.applyRoster([rosterEntry(BOB, { state: 'asked', accountKey: key(1) })], 1);
      expect((await store.contacts())[0]?.pinnedKey).toEqual(new Uint8Array(0));
      await store.applyRoster([rosterEntry(BOB, { state: 'member', accountKey: key(2) })], 2);
      expect((await store.contacts())[0]?.pinnedKey).toEqual(key(2));
    });

    it('keeps the pin when the server shows another key, even after removing and adding', async () => {
      await store.applyRoster([rosterEntry(BOB, { accountKey: key(1) })], 1);
      await store.applyRoster([rosterEntry(BOB, { accountKey: key(2) })], 2);
      expect((await store.contacts())[0]).toMatchObject({ accountKey: key(2), pinnedKey: key(1) });
      await store.applyRoster([rosterEntry(BOB, { state: 'removed', accountKey: key(2) })], 3);
      await store.applyRoster([rosterEntry(BOB, { state: 'member', accountKey: key(3) })], 4);
      expect((await store.contacts())[0]).toMatchObject({ accountKey: key(3), pinnedKey: key(1) });
    });

    it('pins the new key once the user has accepted it', async () => {
      await store.applyRoster([rosterEntry(BOB, { accountKey: key(1) })], 1);
      await store.applyRoster([rosterEntry(BOB, { accountKey: key(2) })], 2);
      await store.acceptAccountKey(BOB, false);
      expect((await store.contacts())[0]?.pinnedKey).toEqual(key(2));
    });

    it('counts unread texts of friends, neither voids nor own messages', async () => {
      await store.applyRoster([rosterEntry(BOB), rosterEntry(CAROL)], 1);
      await store.commitOutgoing(textTo(BOB, 1), wall(1));
      await store.commitIncoming([incoming(1), incoming(2, { type: 'void' }), incoming(3)], wall(9));
      expect((await store.contacts()).map((c) => c.unread)).toEqual([2, 0]);
      await store.markRead(BOB);
      expect((await store.contacts()).map((c) => c.unread)).toEqual([0, 0]);
    });

    it('keeps signature lines and blocks as the server tells them', async () => {
      await store.applyRoster([rosterEntry(BOB, { signatureLine: '春眠不觉晓' })], 1);
      expect((await store.contacts())[0]?.signatureLine).toBe('春眠不觉晓');
      await store.applyRoster([rosterEntry(BOB, { state: 'blocked', version: 2 })], 2);
      expect((await store.contacts())[0]).toMatchObject({ state: 'blocked', signatureLine: '', pinnedKey: key(1) });
    });

    it('writes what a change means with it: lists that do not follow, and lines in the conversations', async () => {
      const line = (n: number) => ({ chat: BOB, id: messageId(n), note: 'friends', at: wall(10 + n) }) as const;
      const beside = { broken: [CAROL], lines: [line(1), line(2)] };
      const written = await store.applyRoster([rosterEntry(BOB), rosterEntry(CAROL)], 1, beside);
      expect(written.map(({ id, kind, text, stamp: at }) => [id, kind, text, at.wallMs])).toEqual([
        [messageId(1), 'system', 'friends', 11],
        [messageId(2), 'system', 'friends', 12],
      ]);
      expect(await store.messages({ chat: BOB, limit: 9 })).toEqual(written);
      expect((await store.contacts()).map(({ local }) => local.listBroken)).toEqual([false, true]);
      expect(await store.applyRoster([rosterEntry(BOB)], 2)).toEqual([]);
    });

    it('pins nothing for who is blocked or asks', async () => {
      await store.applyRoster([rosterEntry(BOB, { state: 'blocked' }), rosterEntry(CAROL, { state: 'asking' })], 1);
      expect((await store.contacts()).map((c) => c.pinnedKey.length)).toEqual([0, 0]);
    });
  });

  describe('what only this profile knows of a contact', () => {
    let store: PeerStore;
    beforeEach(() => {
      store = current();
    });

    it('is nothing at first', async () => {
      await store.applyRoster([rosterEntry(BOB)], 1);
      expect((await store.contacts())[0]?.local).toEqual(NO_NOTES);
    });

    it('changes note by note, and outlives roster changes and removal', async () => {
      await store.applyRoster([rosterEntry(BOB), rosterEntry(CAROL)], 1);
      await store.noteContact(BOB, { remark: '阿波', group: 'lab' });
      await store.noteContact(BOB, { neverDirect: true });
      const expected = { ...NO_NOTES, remark: '阿波', group: 'lab', neverDirect: true };
      for (const state of ['removed', 'blocked', 'member'] as const) {
        await store.applyRoster([rosterEntry(BOB, { state })], 2);
        expect((await store.contacts()).map((c) => c.local)).toEqual([expected, NO_NOTES]);
      }
      await store.noteContact(BOB, { remark: '' });
      expect((await store.contacts())[0]?.local).toEqual({ ...expected, remark: '' });
    });

    it('can be noted before there is an entry, which it does not make', async () => {
      await store.noteContact(BOB, { remark: 'from the party' });
      expect(await store.contacts()).toEqual([]);
      await store.applyRoster([rosterEntry(BOB, { state: 'asked' })], 1);
      expect((await store.contacts())[0]?.local.remark).toBe('from the party');
    });

    it('a pin that came by a link is not replaced by the first entry, nor by friendship', async () => {
      await store.pinAccountKey(BOB, key(7), true);
      expect(await store.contacts()).toEqual([]);
      await store.applyRoster([rosterEntry(BOB, { state: 'asked', accountKey: key(8) })], 1);
      await store.applyRoster([rosterEntry(BOB, { state: 'member', accountKey: key(8) })], 2);
      const [bob] = await store.contacts();
      expect(bob).toMatchObject({ pinnedKey: key(7), accountKey: key(8), local: { verified: true } });
    });

    it('[ID11] a link pins over no other pin of somebody who is known', async () => {
      await store.applyRoster([rosterEntry(BOB, { accountKey: key(1) })], 1);
      await store.noteContact(BOB, { remark: 'b' });
      expect(await store.pinAccountKey(BOB, key(2), true)).toBe(false);
      expect((await store.contacts())[0]).toMatchObject({ pinnedKey: key(1), local: { verified: false, remark: 'b' } });
      expect(await store.pinAccountKey(BOB, key(1), true)).toBe(true);
      expect(await store.pinAccountKey(BOB, key(1), false)).toBe(true);
      expect((await store.contacts())[0]).toMatchObject({ pinnedKey: key(1), local: { verified: true, remark: 'b' } });
    });

    it('[ID11] a newer link pins over an older one while nobody was asked', async () => {
      expect(await store.pinAccountKey(BOB, key(1), true)).toBe(true);
      expect(await store.pinAccountKey(BOB, key(2), false)).toBe(true);
      await store.applyRoster([rosterEntry(BOB, { accountKey: key(2) })], 1);
      expect((await store.contacts())[0]).toMatchObject({ pinnedKey: key(2), local: { verified: false } });
    });

    it('[ID6] zeros are no key, and never pinned', async () => {
      const none = new Uint8Array(32);
      expect(await store.pinAccountKey(BOB, none, true)).toBe(false);
      await store.applyRoster([rosterEntry(BOB, { accountKey: none })], 1);
      await store.acceptAccountKey(BOB, true);
      expect((await store.contacts())[0]).toMatchObject({ pinnedKey: new Uint8Array(0), local: { verified: false } });
      await store.applyRoster([rosterEntry(BOB, { accountKey: key(1) })], 2);
      expect((await store.contacts())[0]).toMatchObject({ pinnedKey: key(1) });
    });

    it('accepting the present key clears a broken list, and verifies only when told so', async () => {
      await store.applyRoster([rosterEntry(BOB, { accountKey: key(1) })], 1);
      await store.noteContact(BOB, { verified: true, listBroken: true });
      await store.applyRoster([rosterEntry(BOB, { accountKey: key(2) })], 2);
      expect((await store.contacts())[0]).toMatchObject({ pinnedKey: key(1), local: { listBroken: true } });
      await store.acceptAccountKey(BOB, false);
      expect((await store.contacts())[0]).toMatchObject({ pinnedKey: key(2), local: NO_NOTES });
      await store.acceptAccountKey(BOB, true);
      expect((await store.contacts())[0]?.local).toEqual({ ...NO_NOTES, verified: true });
    });

    it('accepts no key of an account that is in no list', async () => {
      await store.acceptAccountKey(BOB, true);
      await store.applyRoster([rosterEntry(BOB, { state: 'asking' })], 1);
      expect((await store.contacts())[0]).toMatchObject({ pinnedKey: new Uint8Array(0), local: NO_NOTES });
    });
  });
}
