import type { PresenceEntry, RosterEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { settle, type TestClient, TestWorld } from '../session/test-world.ts';

describe('look-up (SV30)', () => {
  it('[SV30] finds by exact name or number and nothing else', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const bob = await world.register('bob');
    const found = { type: 'account', account: bob.account, name: 'bob', displayName: 'bob' };
    expect(await alice.request({ type: 'lookup', account: 'BOB' })).toMatchObject(found);
    expect(await alice.request({ type: 'lookup', account: '10002' })).toMatchObject(found);
    for (const text of ['bo', 'bob%', '', '2', '10003', '爱']) {
      expect(await alice.refusal({ type: 'lookup', account: text })).toBe('not-found');
    }
  });

  it('[SV30] allows so many an hour, whatever connection they come by', async () => {
    const world = await TestWorld.start({ lookupsPerHour: 2 });
    const alice = await world.register('alice');
    await alice.request({ type: 'lookup', account: 'alice' });
    await alice.request({ type: 'lookup', account: 'alice' });
    const again = world.connect(alice.device);
    await again.resume();
    expect(await again.refusal({ type: 'lookup', account: 'alice' })).toBe('rate-limited');
  });
});

describe('friendship (SV31)', () => {
  it('[SV31] shows a request on both sides at once, with its text', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const bob = await world.register('bob');
    await alice.request({ type: 'friend-add', account: bob.account, text: 'from the lab' });
    await settle();
    expect(pushed(alice)).toMatchObject([{ account: bob.account, state: 'asked', text: 'from the lab' }]);
    expect(pushed(bob)).toMatchObject([{ account: alice.account, state: 'asking', text: 'from the lab' }]);
  });

  it('[SV31] makes both members when the other accepts, and shows the signed list only then', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const bob = await world.register('bob');
    await alice.request({ type: 'friend-add', account: bob.account, text: '' });
    await settle();
    expect(pushed(bob)[0]!.deviceList).toHaveLength(0);
    await bob.request({ type: 'friend-answer', account: alice.account, accept: true });
    await settle();
    for (const [one, other] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const entry = pushed(one).at(-1)!;
      expect(entry).toMatchObject({ account: other.account, state: 'member', text: '' });
      expect(Buffer.from(entry.deviceList)).toEqual(Buffer.from(other.device.list()));
    }
  });

  it('[SV31] shows a signature line to those who ask, are asked and are friends, and to nobody else', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const bob = await world.register('bob');
    await alice.request({ type: 'profile-set', displayName: 'Alice', signatureLine: 'busy building bridges' });
    const lines: string[] = [];
    for (const step of [
      () => bob.request({ type: 'friend-add', account: alice.account, text: '' }),
      () => alice.request({ type: 'friend-answer', account: bob.account, accept: true }),
      () => bob.request({ type: 'block', account: alice.account }),
      () => bob.request({ type: 'unblock', account: alice.account }),
    ]) {
      await step();
      await settle();
      lines.push(pushed(bob).at(-1)?.signatureLine ?? 'nothing came');
    }
    expect(lines).toEqual(['busy building bridges', 'busy building bridges', '', '']);
  });

  it('[SV31] takes a request in return as an acceptance', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const bob = await world.register('bob');
    await alice.request({ type: 'friend-add', account: bob.account, text: '' });
    await bob.request({ type: 'friend-add', account: alice.account, text: '' });
    await settle();
    expect(pushed(alice).at(-1)).toMatchObject({ state: 'member' });
    expect(bob.take('presence').at(-1)?.entries).toMatchObject([{ account: alice.account, status: 'online' }]);
  });

  it('[SV31] says why not', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const add = (account: AccountNumber, text = '') => alice.refusal({ type: 'friend-add', account, text });
    expect(await add(alice.account)).toBe('self');
    expect(await add(99_999 as AccountNumber)).toBe('not-found');
    expect(await add(bob.account)).toBe('already-friends');
    expect(await add(bob.account, 'bell\u0007')).toBe('bad-text');
    expect(await alice.refusal({ type: 'friend-remove', account: 99_999 as AccountNumber })).toBe('not-friends');
  });

  it('[SV31] allows so many requests a day, of which none is spent on a refusal', async () => {
    const world = await TestWorld.start({ friendRequestsPerDay: 2 });
    const [alice, bob] = await world.friends();
    const add = (account: AccountNumber) => alice.request({ type: 'friend-add', account, text: '' });
    for (const account of [alice.account, bob.account, 99_999 as AccountNumber]) await add(account);
    const { friendAdd } = world.store;
    world.store.friendAdd = () => Promise.reject(new Error('disk full'));
    expect(await add(bob.account)).toMatchObject({ code: 'internal' });
    world.store.friendAdd = friendAdd;
    const carol = await world.register('carol');
    const dave = await world.register('dave');
    expect(await add(carol.account)).toMatchObject({ type: 'done' });
    expect(await add(dave.account)).toMatchObject({ code: 'rate-limited' });
  });

  it('[SV31] counts a request to a number that is free as a look-up', async () => {
    const world = await TestWorld.start({ lookupsPerHour: 2 });
    const [alice, bob] = await world.friends();
    const add = (account: number) => alice.refusal({ type: 'friend-add', account: account as AccountNumber, text: '' });
    for (let i = 0; i < 3; i++) expect(await add(bob.account)).toBe('already-friends');
    expect([await add(99_999), await add(99_998), await add(99_997)]).toEqual([
      'not-found',
      'not-found',
      'rate-limited',
    ]);
  });

  it('[SV33] ends everything on a removal, also when the store answers nothing any more', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    world.store.areFriends = () => Promise.reject(new Error('overloaded'));
    await bob.request({ type: 'friend-remove', account: alice.account });
    await settle();
    alice.received.length = 0;
    alice.relay(bob.device.id, Uint8Array.of(1));
    await settle();
    expect(alice.take('relay-refused')).toHaveLength(1);
    expect(await alice.refusal({ type: 'introduce', to: bob.device.id, packet: new Uint8Array(10) })).toBe('peer-gone');
  });

  it('[SV33] ends presence, relay, introductions and device lists at once on a removal', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    alice.received.length = 0;
    bob.received.length = 0;
    await bob.request({ type: 'friend-remove', account: alice.account });
    await settle();
    expect(alice.take('presence').at(-1)?.entries).toEqual([gone(bob)]);
    expect(pushed(alice).at(-1)).toMatchObject({ account: bob.account, state: 'removed' });
    expect(pushed(alice).at(-1)?.deviceList ?? []).toHaveLength(0);
    bob.received.length = 0;
    alice.relay(bob.device.id, Uint8Array.of(1));
    const packet = new Uint8Array(10);
    expect(await alice.refusal({ type: 'introduce', to: bob.device.id, packet })).toBe('peer-gone');
    expect(await alice.refusal({ type: 'device-list-get', account: bob.account })).toBe('not-friends');
    await alice.request({ type: 'presence-set', status: 'away', text: '' });
    expect(alice.take('relay-refused')).toHaveLength(1);
    expect(bob.received).toEqual([]);
  });

  it('[SV33] never misses a removal that crosses a login', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    bob.wire.drop();
    await world.advance(60_000);
    const again = world.connect(bob.device);
    const resumeSession = world.store.resumeSession.bind(world.store);
    let release: () => void = () => {};
    let held = false;
    world.store.resumeSession = async (exchangeKey, now) => {
      const resumed = await resumeSession(exchangeKey, now);
      if (!held) {
        held = true;
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      return resumed;
    };
    const welcome = again.resume();
    await welcome.catch(() => undefined);
    const other = world.connect(alice.device);
    await other.resume();
    await other.request({ type: 'friend-remove', account: bob.account });
    release();
    await settle();
    again.relay(alice.device.id, Uint8Array.of(1));
    await settle();
    expect(other.take('relayed')).toEqual([]);
    const shown = other.take('presence').flatMap((frame) => frame.entries);
    expect(shown).toEqual([gone(bob)]);
  });
});

describe('the list (SV32)', () => {
  it('[SV32] comes in pages, the last one marked, each within a frame', async () => {
    const world = await TestWorld.start({ registrationsPerSourcePerHour: 1_000, friendRequestsPerDay: 1_000 });
    const alice = await world.register('alice');
    for (let i = 0; i < 150; i++) {
      const other = await world.register(`friend_${i}`);
      await other.request({ type: 'friend-add', account: alice.account, text: '' }).catch(() => undefined);
      await alice.request({ type: 'friend-answer', account: other.account, accept: true });
      other.wire.drop();
    }
    alice.received.length = 0;
    alice.send({ type: 'roster-get', requestId: 9_999 as never, since: 0 });
    await settle();
    const pages = alice.take('roster').filter((frame) => frame.requestId === (9_999 as never));
    expect(pages.map((page) => page.last)).toEqual([false, true]);
    const entries = pages.flatMap((page) => page.entries);
    expect(new Set(entries.map((entry) => entry.account)).size).toBe(150);
    const since = entries[139]!.version;
    const answer = await alice.request({ type: 'roster-get', since });
    expect(answer).toMatchObject({ type: 'roster', last: true, version: pages[0]!.version });
    expect(answer.type === 'roster' && answer.entries).toHaveLength(10);
  });

  it('[SV32] comes as fast as it is taken, so that a list over the size of the write queue makes nobody a slow reader', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    await giveLargeRoster(world, alice);
    alice.wire.stalled = true;
    alice.send({ type: 'roster-get', requestId: 9_999 as never, since: 0 });
    await settle();
    expect(alice.wire.serverEnd.queuedBytes).toBeLessThan(66_000);
    expect(alice.closed).toBe(false);
    alice.wire.stalled = false;
    alice.wire.deliverToClient();
    for (let i = 0; i < 300 && !alice.received.some((frame) => frame.type === 'roster' && frame.last); i++)
      await settle();
    const pages = alice.take('roster');
    expect(pages.flatMap((page) => page.entries.map((entry) => entry.version))).toEqual(
      Array.from({ length: 1_999 }, (_, i) => i + 1),
    );
    expect(pages.map((page) => page.last).indexOf(true)).toBe(pages.length - 1);
    expect([alice.closed, alice.closeCode]).toEqual([false, undefined]);
  });

  it('[SV32] is forgotten half-way when its reader is gone', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    await giveLargeRoster(world, alice);
    alice.wire.stalled = true;
    alice.send({ type: 'roster-get', requestId: 9_999 as never, since: 0 });
    await settle();
    const written = alice.wire.serverWrote.length;
    alice.wire.drop();
    await settle();
    expect(alice.wire.serverWrote).toHaveLength(written);
    // Bob's is left.
    expect(world.server.stats()).toMatchObject({ connections: 1, sessions: 1 });
  });

  it('[SV32] is one empty last page when nothing changed', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    expect(await alice.request({ type: 'roster-get', since: 0 })).toMatchObject({
      version: 0,
      last: true,
      entries: [],
    });
  });
});

/** A list of 8 MB, twice what may wait for one client. */
async function giveLargeRoster(world: TestWorld, owner: TestClient): Promise<void> {
  const bob = await world.register('bob');
  await world.befriend(owner, bob);
  const [row] = (await world.store.roster(owner.account, 0)).rows;
  const deviceList = new Uint8Array(4_000);
  const rows = Array.from({ length: 1_999 }, (_, i) => ({
    ...row!,
    account: (20_000 + i) as AccountNumber,
    version: i + 1,
    deviceList,
  }));
  world.store.roster = async () => ({ version: 1_999, rows });
  owner.received.length = 0;
}

/** What a client is told of somebody who is out of its sight for good. */
function gone({ account }: TestClient): PresenceEntry {
  return { account, status: 'offline', devices: [], text: '', lastSeenWallMs: 0 };
}

/** Entries that were pushed, oldest first; takes them. */
function pushed(client: TestClient): RosterEntry[] {
  return client.take('roster').flatMap((frame) => (frame.requestId === 0 ? frame.entries : []));
}
