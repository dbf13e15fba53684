import type { DeviceId, MailId } from '@magpie/common/ids.ts';
import { DEVICES_MAX } from '@magpie/common/limits.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { MAIL_DROP_BYTES_MAX, MAIL_DROP_MAX } from '@magpie/server/store/mail-rules.ts';
import type { Fence, MailKeyId, MailQuota, NewMail, Store } from '@magpie/server/store/store.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  claimedIn,
  deviceKeys,
  filled,
  friendsIn,
  list,
  NOW,
  newAccount,
  PASSWORD_HASH,
  sessionIn,
} from './server-store-samples.ts';

const KEY: MailKeyId = { generation: 1, step: 1 };
const ROOMY: MailQuota = {
  messagesPerDevice: 100,
  bytesPerDevice: 1_000_000,
  messagesPerSender: 50,
  bytesPerSender: 500_000,
  slotsPerFriendDevice: 1,
  slotsPerOwnDevice: 2,
};
const FULL = { ok: false, error: 'mailbox-full' };
const DONE = { ok: true, value: undefined };

/** Positions, logs, quotas, keys and expiry of mailboxes. */
export function serverStoreMailContract(engine: string, open: () => Promise<Store>): void {
  describe(`mailboxes in the server's store on ${engine}`, () => {
    let store: Store;
    let alice: Fence;
    let bob: Fence;
    let lastPosition: number;

    beforeEach(async () => {
      store = await open();
      [alice, bob] = await friendsIn(store);
      await store.setMailKey(bob, KEY, mailKey(2));
      lastPosition = 0;
    });

    afterEach(() => store.close());

    it('has an id that stays', async () => {
      const id = await store.mailboxId();
      expect(id).toHaveLength(8);
      expect(await store.mailboxId()).toEqual(id);
    });

    describe('positions', () => {
      it('are given once, in blocks that follow each other', async () => {
        const [first, second] = await Promise.all([
          store.reserveMailPositions(65_536, NOW),
          store.reserveMailPositions(10, NOW),
        ]);
        expect(second).toBe(first! + 65_536);
        expect(await store.reserveMailPositions(1, NOW)).toBe(second! + 10);
      });

      it('never go back: not with the clock, and not below what a forgotten past can have given', async () => {
        const now = await store.reserveMailPositions(10, NOW);
        expect(await store.reserveMailPositions(10, 0 as WallMs)).toBe(now + 10);
        const second = await store.reserveMailPositions(10, at(1_000));
        expect(second).toBe(at(1_000) * 1_000);
        expect(Number.isSafeInteger(Date.UTC(2250, 0) * 1_000)).toBe(true);
      });
    });

    describe('the log', () => {
      it('gives back what was put there, whatever the caller does with its buffers', async () => {
        const envelope = filled(100, 7, 0xee);
        const put = store.appendMail(alice, mail(1, { envelope, at: at(5) }), ROOMY);
        envelope.fill(0);
        expect(await put).toEqual(DONE);
        expect(await store.mailAfter(bob.device, 0, NOW, 10, 1_000)).toEqual({
          entries: [
            {
              position: 1,
              fromAccount: alice.account,
              from: alice.device,
              at: at(5),
              envelope: filled(100, 7, 0xee),
            },
          ],
          last: true,
        });
      });

      it('is read page by page in the order of its positions, bounded in count and bytes', async () => {
        for (let n = 1; n <= 5; n++) await store.appendMail(alice, mail(n, { envelope: filled(100, n, 0) }), ROOMY);
        const page = async (after: number, limit: number, bytesMax: number) => {
          const { entries, last } = await store.mailAfter(bob.device, after, NOW, limit, bytesMax);
          return [entries.map(({ position }) => position), last];
        };
        expect(await page(0, 2, 1_000)).toEqual([[1, 2], false]);
        expect(await page(2, 3, 1_000)).toEqual([[3, 4, 5], true]);
        expect(await page(0, 10, 299)).toEqual([[1, 2], false]);
        expect(await page(3, 10, 1)).toEqual([[4], false]);
        expect(await page(4, 10, 1)).toEqual([[5], true]);
        expect(await page(5, 10, 1_000)).toEqual([[], true]);
        expect(await page(0, 0, 1_000)).toEqual([[], false]);
        expect(await store.mailAfter(alice.device, 0, NOW, 10, 1_000)).toEqual({ entries: [], last: true });
      });

      it('holds the newest of what one device puts there under one id, at the end', async () => {
        await store.appendMail(alice, mail(1, { id: id(1) }), ROOMY);
        await store.appendMail(alice, mail(2, { id: id(2) }), ROOMY);
        await store.appendMail(alice, mail(3, { id: id(1), envelope: filled(9, 3, 0) }), ROOMY);
        expect(await positions()).toEqual([2, 3]);
        expect((await store.mailAfter(bob.device, 2, NOW, 1, 100)).entries[0]!.envelope).toEqual(filled(9, 3, 0));
      });

      it('keeps what different devices put there under one id', async () => {
        const laptop = await secondDevice(alice, 3);
        await store.appendMail(alice, mail(1, { id: id(1) }), ROOMY);
        await store.appendMail(laptop, mail(2, { id: id(1) }), ROOMY);
        expect(await positions()).toEqual([1, 2]);
      });

      it('forgets what its device has acknowledged, and tells what is left and with which oldest key', async () => {
        for (let n = 1; n <= 3; n++) await store.appendMail(alice, mail(n), ROOMY);
        const next: MailKeyId = { generation: 1, step: 2 };
        await store.setMailKey(bob, next, mailKey(3));
        await store.appendMail(alice, mail(4, next), ROOMY);
        await store.appendMail(alice, mail(5, { ...next, kind: 'slot' }), ROOMY);
        expect(await store.ackMail(bob, 2)).toEqual({ ok: true, value: { left: 3, oldestKey: KEY, more: false } });
        expect(await store.ackMail(bob, 3)).toEqual({ ok: true, value: { left: 2, oldestKey: next, more: false } });
        expect(await store.ackMail(bob, 0)).toEqual({ ok: true, value: { left: 2, oldestKey: next, more: false } });
        expect(await positions()).toEqual([4, 5]);
        const nothing = { ok: true, value: { left: 0, oldestKey: undefined, more: false } };
        expect(await store.ackMail(bob, 1_000_000)).toEqual(nothing);
        expect(await store.ackMail(alice, 1_000_000)).toEqual(nothing);
        expect(await positions()).toEqual([]);
      });

      it('forgets in bounded steps, oldest first, between which others have their turn', async () => {
        const quota: MailQuota = {
          ...ROOMY,
          messagesPerDevice: 10_000,
          messagesPerSender: 10_000,
          bytesPerSender: 1e9,
          bytesPerDevice: 1e9,
        };
        const count = MAIL_DROP_MAX + 10;
        await Promise.all(Array.from({ length: count }, (_, i) => store.appendMail(alice, mail(i + 1), quota)));
        expect(await store.ackMail(bob, count - 1)).toEqual({
          ok: true,
          value: { left: 10, oldestKey: KEY, more: true },
        });
        expect(await store.ackMail(bob, count - 1)).toEqual({
          ok: true,
          value: { left: 1, oldestKey: KEY, more: false },
        });
        const large = filled(MAIL_DROP_BYTES_MAX / 2, 1, 0);
        for (let n = 1; n <= 3; n++) {
          await store.appendMail(alice, mail(count + n, { envelope: large, expiresAt: at(5) }), quota);
        }
        expect(await store.expireMail(at(5), 10)).toBe(2);
        expect(await store.expireMail(at(5), 10)).toBe(1);
        expect(await store.expireMail(at(5), 10)).toBe(0);
        expect(await store.ackMail(bob, 1_000_000)).toMatchObject({ value: { left: 0, more: false } });
      });

      it('counts what waits', async () => {
        await store.appendMail(alice, mail(1, { envelope: filled(100, 1, 0) }), ROOMY);
        await store.appendMail(alice, mail(2, { envelope: filled(50, 1, 0), kind: 'slot' }), ROOMY);
        expect(await store.counts()).toMatchObject({ mails: 2, mailBytes: 150 });
        await store.ackMail(bob, 1);
        expect(await store.counts()).toMatchObject({ mails: 1, mailBytes: 50 });
        await store.ackMail(bob, 2);
        expect(await store.counts()).toMatchObject({ mails: 0, mailBytes: 0 });
      });

      it('numbers each log on its own: what another log had is no matter', async () => {
        await store.setMailKey(alice, KEY, mailKey(1));
        await store.appendMail(alice, mail(5), ROOMY);
        await store.appendMail(bob, mail(4, { to: alice.device }), ROOMY);
        expect(await positions()).toEqual([5]);
        expect(await positions(alice)).toEqual([4]);
      });
    });

    describe('who may put mail there', () => {
      it('friends and own devices, by the newest session of a device', async () => {
        const laptop = await secondDevice(alice, 3);
        const carol = await sessionIn(store, 'carol', 4);
        await store.setMailKey(alice, KEY, mailKey(1));
        await store.setMailKey(carol, KEY, mailKey(4));
        const to = (device: DeviceId): NewMail => mail(nextPosition(), { to: device });
        expect(await store.appendMail(laptop, to(alice.device), ROOMY)).toEqual(DONE);
        expect(await store.appendMail(bob, to(alice.device), ROOMY)).toEqual(DONE);
        const refused = { ok: false, error: 'not-friends' };
        expect(await store.appendMail(carol, to(alice.device), ROOMY)).toEqual(refused);
        expect(await store.appendMail(alice, to(carol.device), ROOMY)).toEqual(refused);
        expect(await store.appendMail(alice, to(deviceKeys(99).device), ROOMY)).toEqual(refused);
        await store.friendAdd(carol, alice.account, '', NOW);
        expect(await store.appendMail(carol, to(alice.device), ROOMY)).toEqual(refused);
        await store.claimSession(bob.device, NOW);
        const stale = { ok: false, error: 'stale-epoch' };
        expect(await store.appendMail(bob, to(alice.device), ROOMY)).toEqual(stale);
        expect(await store.ackMail(bob, 1)).toEqual(stale);
        expect(await store.setMailKey(bob, { generation: 2, step: 0 }, mailKey(2))).toEqual(stale);
      });

      it('nobody after the end of a friendship, whatever it looks like; what is there stays', async () => {
        await store.appendMail(alice, mail(1), ROOMY);
        await store.block(bob, alice.account, NOW);
        expect(await store.appendMail(alice, mail(2), ROOMY)).toEqual({ ok: false, error: 'not-friends' });
        expect(await positions()).toEqual([1]);
      });

      it('asks for the published key before it asks for room', async () => {
        expect(await store.appendMail(bob, mail(1, { to: alice.device }), ROOMY)).toEqual({
          ok: false,
          error: 'no-mail-key',
        });
        const none: MailQuota = { ...ROOMY, messagesPerDevice: 0 };
        for (const wrong of [
          { generation: 1, step: 2 },
          { generation: 1, step: 0 },
          { generation: 2, step: 1 },
        ]) {
          const answer = await store.appendMail(alice, mail(1, wrong), none);
          expect(answer).toEqual({ ok: false, error: 'stale-mail-key' });
        }
        expect(await store.appendMail(alice, mail(1), none)).toEqual(FULL);
      });
    });

    describe('quotas', () => {
      it.each([
        ['messages of a device', { messagesPerDevice: 2 }],
        ['bytes of a device', { bytesPerDevice: 29 }],
        ['messages of a sender', { messagesPerSender: 2 }],
        ['bytes of a sender', { bytesPerSender: 29 }],
      ] as const)('bound the %s, and acknowledging makes room', async (_what, bound) => {
        const quota = { ...ROOMY, ...bound };
        const put = (n: number) => store.appendMail(alice, mail(n, { envelope: filled(10, n, 0) }), quota);
        expect([await put(1), await put(2), await put(3)]).toEqual([DONE, DONE, FULL]);
        await store.ackMail(bob, 1);
        expect([await put(4), await put(5)]).toEqual([DONE, FULL]);
        expect(await positions()).toEqual([2, 4]);
      });

      it('of a sender hold for all devices of an account together and leave room for others', async () => {
        const laptop = await secondDevice(alice, 3);
        const phone = await secondDevice(bob, 4, [bob.device]);
        const quota: MailQuota = { ...ROOMY, messagesPerSender: 2 };
        expect(await store.appendMail(alice, mail(1), quota)).toEqual(DONE);
        expect(await store.appendMail(laptop, mail(2), quota)).toEqual(DONE);
        expect(await store.appendMail(laptop, mail(3), quota)).toEqual(FULL);
        expect(await store.appendMail(phone, mail(3), quota)).toEqual(DONE);
      });

      it('do not count what is replaced, and a refused replacement leaves what is there', async () => {
        const quota: MailQuota = { ...ROOMY, messagesPerSender: 1, bytesPerSender: 20, messagesPerDevice: 1 };
        const put = (n: number, bytes: number) =>
          store.appendMail(alice, mail(n, { id: id(1), envelope: filled(bytes, n, 0) }), quota);
        expect([await put(1, 20), await put(2, 20), await put(3, 10), await put(4, 20)]).toEqual(Array(4).fill(DONE));
        expect(await put(5, 21)).toEqual(FULL);
        expect(await positions()).toEqual([4]);
        expect(await store.counts()).toMatchObject({ mails: 1, mailBytes: 20 });
      });

      it('leave slots out, which are few: one of a friend device, more of an own one', async () => {
        const quota: MailQuota = { ...ROOMY, messagesPerDevice: 0, bytesPerDevice: 0 };
        const phone = await secondDevice(bob, 4, [bob.device]);
        const slot = (by: Fence, n: number) =>
          store.appendMail(by, mail(nextPosition(), { id: id(n), kind: 'slot' }), quota);
        expect([await slot(alice, 0), await slot(alice, 0), await slot(alice, 1)]).toEqual([DONE, DONE, FULL]);
        expect([await slot(phone, 0), await slot(phone, 1), await slot(phone, 2)]).toEqual([DONE, DONE, FULL]);
        await store.ackMail(bob, lastPosition);
        expect(await slot(alice, 1)).toEqual(DONE);
      });

      it('bound the slots of an account by those of its longest list: new devices are no way around it', async () => {
        const answers = [await store.appendMail(alice, mail(1, { kind: 'slot' }), ROOMY)];
        for (let n = 1; n <= DEVICES_MAX; n++) {
          const laptop = await secondDevice(alice, 10 + n, [alice.device]);
          answers.push(await store.appendMail(laptop, mail(1 + n, { kind: 'slot' }), ROOMY));
        }
        expect(answers).toEqual([...Array(DEVICES_MAX).fill(DONE), FULL]);
      });

      it('give the slots of an account as many bytes as its messages, beside them', async () => {
        const quota: MailQuota = { ...ROOMY, bytesPerSender: 20 };
        const phone = await secondDevice(bob, 4, [bob.device]);
        const put = (kind: NewMail['kind'], name: number, bytes: number) =>
          store.appendMail(phone, mail(nextPosition(), { id: id(name), kind, envelope: filled(bytes, 1, 0) }), quota);
        expect([await put('message', 1, 20), await put('slot', 2, 15), await put('slot', 3, 6)]).toEqual([
          DONE,
          DONE,
          FULL,
        ]);
        expect([await put('slot', 2, 14), await put('slot', 3, 6), await put('slot', 2, 15)]).toEqual([
          DONE,
          DONE,
          FULL,
        ]);
        await store.ackMail(bob, lastPosition);
        expect(await put('slot', 3, 20)).toEqual(DONE);
      });

      it('know a message that becomes a slot under its id, and the other way round', async () => {
        const quota: MailQuota = { ...ROOMY, messagesPerSender: 1 };
        const put = (n: number, kind: NewMail['kind'], name = 1) =>
          store.appendMail(alice, mail(n, { id: id(name), kind, envelope: filled(10 * n, n, 0) }), quota);
        expect([await put(1, 'message'), await put(2, 'slot'), await put(3, 'message', 2)]).toEqual([DONE, DONE, DONE]);
        expect(await put(4, 'message')).toEqual(FULL);
        expect(await put(4, 'slot', 2)).toEqual(FULL);
        expect(await positions()).toEqual([2, 3]);
        expect(await store.counts()).toMatchObject({ mails: 2, mailBytes: 50 });
      });
    });

    describe('a device that came back under another account', () => {
      it('takes from the share that its old mail was counted in, so that everything can be acknowledged and swept', async () => {
        await store.appendMail(alice, mail(1, { id: id(1) }), ROOMY);
        await store.deleteAccount(alice.account, NOW);
        expect(await store.register(newAccount('alice2', 1))).toMatchObject({ ok: true });
        const anew = await claimedIn(store, 1);
        await store.friendAdd(anew, bob.account, '', NOW);
        await store.friendAnswer(bob, anew.account, true, NOW);
        expect(await store.appendMail(anew, mail(2, { id: id(2) }), ROOMY)).toEqual(DONE);
        const quota: MailQuota = { ...ROOMY, messagesPerSender: 1 };
        expect(await store.appendMail(anew, mail(3, { id: id(1) }), quota)).toEqual(FULL);
        expect(await store.appendMail(anew, mail(3, { id: id(1) }), ROOMY)).toEqual(DONE);
        expect(await store.ackMail(bob, 2)).toMatchObject({ ok: true, value: { left: 1 } });
        expect(await store.appendMail(anew, mail(4, { id: id(4) }), quota)).toEqual(FULL);
        expect(await store.expireMail(at(2_000), 10)).toBe(1);
        expect(await store.counts()).toMatchObject({ mails: 0, mailBytes: 0 });
        expect(await store.appendMail(anew, mail(5, { id: id(5) }), quota)).toEqual(DONE);
      });

      it('has slots of its own', async () => {
        await store.appendMail(alice, mail(1, { id: id(1), kind: 'slot' }), ROOMY);
        await store.deleteAccount(alice.account, NOW);
        await store.register(newAccount('alice2', 1));
        const anew = await claimedIn(store, 1);
        await store.friendAdd(anew, bob.account, '', NOW);
        await store.friendAnswer(bob, anew.account, true, NOW);
        expect(await store.appendMail(anew, mail(2, { id: id(2), kind: 'slot' }), ROOMY)).toEqual(DONE);
        expect(await store.appendMail(anew, mail(3, { id: id(1), kind: 'slot' }), ROOMY)).toEqual(FULL);
      });
    });

    describe('keys', () => {
      it('are published by their device, newer ones only, the same again at will', async () => {
        expect(await store.mailKeys(bob.account)).toEqual([{ device: bob.device, key: mailKey(2) }]);
        expect(await store.mailKeys(alice.account)).toEqual([]);
        const set = (generation: number, step: number, seed: number) =>
          store.setMailKey(bob, { generation, step }, mailKey(seed));
        const older = { ok: false, error: 'older-key' };
        expect([await set(1, 1, 2), await set(1, 1, 9), await set(1, 0, 9), await set(0, 5, 9)]).toEqual([
          ...[DONE, older, older, older],
        ]);
        expect([await set(1, 2, 5), await set(2, 0, 6), await set(1, 9, 7)]).toEqual([DONE, DONE, older]);
        expect(await store.mailKeys(bob.account)).toEqual([{ device: bob.device, key: mailKey(6) }]);
      });

      it('stay, as does mail, when a device is logged out: its owner comes back', async () => {
        await store.appendMail(alice, mail(1), ROOMY);
        await store.deactivateDevice(bob.device, bob.epoch);
        expect(await store.appendMail(alice, mail(2), ROOMY)).toEqual(DONE);
        await store.activateDevice(bob.account, deviceKeys(2), list(2), 1, [bob.device], '', PASSWORD_HASH);
        await store.setPassword(bob.account, 'other', undefined);
        expect(await store.appendMail(alice, mail(3), ROOMY)).toEqual(DONE);
        expect(await store.mailKeys(bob.account)).toHaveLength(1);
        expect(await positions()).toEqual([1, 2, 3]);
      });

      it('are asked of nobody whose device was logged out before it had one', async () => {
        await store.deactivateDevice(alice.device, alice.epoch);
        const answer = await store.appendMail(bob, mail(1, { to: alice.device }), ROOMY);
        expect(answer).toEqual({ ok: false, error: 'not-friends' });
      });

      it('go with all mail when the device leaves the list, logged in or not', async () => {
        const phone = await secondDevice(bob, 4, [bob.device]);
        const tablet = await secondDevice(bob, 5, [bob.device, phone.device]);
        for (const fence of [phone, tablet]) {
          await store.setMailKey(fence, KEY, mailKey(fence.epoch));
          await store.appendMail(alice, mail(nextPosition(), { to: fence.device }), ROOMY);
        }
        await store.deactivateDevice(tablet.device, tablet.epoch);
        await store.appendMail(alice, mail(nextPosition()), ROOMY);
        const account = (await store.accountByNumber(bob.account))!;
        await store.replaceDeviceList(bob, list(9), account.deviceListVersion + 1, [bob.device]);
        expect(await store.mailKeys(bob.account)).toEqual([{ device: bob.device, key: mailKey(2) }]);
        for (const fence of [phone, tablet]) {
          expect(await positions(fence)).toEqual([]);
          const answer = await store.appendMail(alice, mail(nextPosition(), { to: fence.device }), ROOMY);
          expect(answer).toEqual({ ok: false, error: 'not-friends' });
        }
        expect(await store.counts()).toMatchObject({ mails: 1 });
        expect(await positions()).toHaveLength(1);
      });

      it('go with all mail when the account is deleted; what it sent stays', async () => {
        await store.setMailKey(alice, KEY, mailKey(1));
        await store.appendMail(alice, mail(1), ROOMY);
        await store.appendMail(bob, mail(2, { to: alice.device }), ROOMY);
        await store.deleteAccount(alice.account, NOW);
        expect(await store.mailKeys(alice.account)).toEqual([]);
        expect(await positions(alice)).toEqual([]);
        expect(await positions()).toEqual([1]);
        expect(await store.counts()).toMatchObject({ mails: 1 });
      });
    });

    describe('expiry', () => {
      it('hides mail at its time, and forgets it when swept, oldest first', async () => {
        await store.appendMail(alice, mail(1, { expiresAt: at(30) }), ROOMY);
        await store.appendMail(alice, mail(2, { expiresAt: at(20), kind: 'slot' }), ROOMY);
        await store.appendMail(alice, mail(3, { expiresAt: at(10) }), ROOMY);
        await store.appendMail(alice, mail(4, { expiresAt: at(40) }), ROOMY);
        expect(await positions(bob, at(20))).toEqual([1, 4]);
        expect(await store.expireMail(at(9), 10)).toBe(0);
        expect(await store.expireMail(at(30), 2)).toBe(2);
        expect(await positions()).toEqual([1, 4]);
        expect(await store.expireMail(at(30), 2)).toBe(1);
        expect(await store.expireMail(at(30), 2)).toBe(0);
        expect(await positions()).toEqual([4]);
        expect(await store.counts()).toMatchObject({ mails: 1, mailBytes: 10 });
      });

      it('gives its sender the room back', async () => {
        const quota: MailQuota = { ...ROOMY, messagesPerSender: 1, slotsPerFriendDevice: 1 };
        const put = (n: number, kind: NewMail['kind']) =>
          store.appendMail(alice, mail(n, { kind, expiresAt: at(10) }), quota);
        expect([await put(1, 'message'), await put(2, 'slot')]).toEqual([DONE, DONE]);
        expect([await put(3, 'message'), await put(4, 'slot')]).toEqual([FULL, FULL]);
        expect(await store.expireMail(at(10), 10)).toBe(2);
        expect([await put(5, 'message'), await put(6, 'slot')]).toEqual([DONE, DONE]);
      });
    });

    function mail(position: number, rest: Partial<NewMail> = {}): NewMail {
      return {
        ...{ position, to: bob.device, id: id(1_000 + position), kind: 'message', ...KEY },
        ...{ at: NOW, expiresAt: at(1_000), envelope: filled(10, position, 0xee) },
        ...rest,
      };
    }

    function nextPosition(): number {
      return ++lastPosition;
    }

    async function positions(of: Fence = bob, now = NOW): Promise<readonly number[]> {
      return (await store.mailAfter(of.device, 0, now, 100, 1_000_000)).entries.map(({ position }) => position);
    }

    /** One more device of the account, with a session. @param others those that stay in the list beside it */
    async function secondDevice(of: Fence, seed: number, others = [of.device]): Promise<Fence> {
      const account = (await store.accountByNumber(of.account))!;
      const keys = deviceKeys(seed);
      const answer = await store.enroll(of.account, {
        ...{ ...keys, label: '', expectedAccountKey: account.accountKey, accountKey: account.accountKey },
        ...{ expectedPasswordHash: PASSWORD_HASH, deviceList: list(seed) },
        ...{ deviceListVersion: account.deviceListVersion + 1, listed: [...others, keys.device] },
      });
      if (!answer.ok) throw new Error(answer.error);
      return claimedIn(store, seed);
    }
  });
}

function id(seed: number): MailId {
  return seed.toString(16).padStart(32, '0') as MailId;
}

function mailKey(seed: number): Uint8Array {
  return filled(1_304, seed & 0xffff, 0x3a);
}

function at(ms: number): WallMs {
  return (NOW + ms) as WallMs;
}
