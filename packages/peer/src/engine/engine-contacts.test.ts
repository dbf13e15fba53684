import { toBase32 } from '@magpie/common/bytes/base32.ts';
import { parseInvitation } from '@magpie/common/invitation.ts';
import { ok } from '@magpie/common/result.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Session } from '../session/session.ts';
import type { Contact } from '../store/store.ts';
import { AccountLink } from './account-link.ts';
import { EngineWorld, PASSWORD, type TestPeer } from './test-world.ts';

afterEach(() => void vi.restoreAllMocks());

describe('invitation links (ID11)', () => {
  it('[ID11] pin the key of their owner, compared, before the friendship begins', async () => {
    const { world, alice, bob } = await strangers();
    const { link } = await world.ok(bob.engine.invitation());
    const asked = await world.ok(alice.engine.addContact(link, 'hello'));
    expect(asked).toMatchObject({ name: 'bob', state: 'asked', verified: true, keyChanged: false });
    await world.until(async () => (await bob.contact('alice'))?.state === 'asking');
    await world.ok(bob.engine.answerRequest('alice', true));
    await world.until(async () => (await alice.contact('bob'))?.state === 'member');
    expect(await alice.contact('bob')).toMatchObject({ verified: true, keyChanged: false });
    expect((await bob.contact('alice'))?.verified).toBe(false);
  });

  it('[ID11] with another key than the server shows send nothing', async () => {
    const { world, alice, bob } = await strangers();
    const { link } = await world.ok(bob.engine.invitation());
    const forged = link.replace(/key=[a-z2-7]+/, `key=${toBase32(new Uint8Array(32).fill(5))}`);
    expect(await world.settle(alice.engine.addContact(forged, 'hello'))).toMatchObject({
      error: { code: 'KEY_CHANGED' },
    });
    await world.run(1_000);
    expect(await bob.contact('alice')).toBeUndefined();
    expect(await alice.contact('bob')).toBeUndefined();
  });

  it.each([
    [
      'to another server',
      'OTHER_SERVER',
      (link: string) => link.replace(/pin=./, (pin) => `pin=${pin[4] === 'b' ? 'c' : 'b'}`),
    ],
    ['to oneself', 'SELF', (link: string) => link.replace(/number=\d+/, 'number=10001')],
    ['that are none', 'INVALID_ARGUMENT', () => 'magpie://nonsense'],
    ['to join', 'INVALID_ARGUMENT', (link: string) => link.replace(/friend\?(pin=[^&]+).*/, 'join?$1&invite=abc')],
  ])('[ID11] %s are refused', async (_what, code, change) => {
    const { world, alice, bob } = await strangers();
    const { link } = await world.ok(bob.engine.invitation());
    expect(parseInvitation(link)?.kind).toBe('friend');
    expect(await world.settle(alice.engine.addContact(change(link), ''))).toMatchObject({ error: { code } });
  });

  it('show whom they lead to before anybody is asked', async () => {
    const { world, alice, bob } = await strangers();
    const { link } = await world.ok(bob.engine.invitation());
    const found = { account: 10_002, name: 'bob', displayName: 'bob', ask: 'anyone', question: '' };
    expect(await world.ok(alice.engine.lookup(link))).toEqual(found);
    expect(await world.ok(alice.engine.lookup('BOB'))).toEqual(found);
    expect(await bob.contact('alice')).toBeUndefined();
  });
});

describe('a block', () => {
  it('[SV93] ends the sessions of both within a second, and looks like a removal', async () => {
    const { world, alice, bob } = await friends();
    await say(world, alice, bob, 'hello');
    await world.until(async () => (await alice.contact('bob'))?.path?.kind === 'direct');
    bob.events.length = 0;
    const ended = watchEnded();
    expect(await world.ok(alice.engine.blockContact('bob'))).toMatchObject({ state: 'blocked', presence: 'unknown' });
    await world.run(1_000);
    expect(ended()).toBe(2);
    expect(await datagramsWithin(world, 60_000)).toBe(0);
    for (const [peer, other] of [
      [alice, 'bob'],
      [bob, 'alice'],
    ] as const) {
      expect(await world.settle(peer.engine.paths(other))).toMatchObject({ error: { code: 'NOT_FRIENDS' } });
      expect((await peer.engine.status()).peers).toEqual({ direct: 0, relay: 0, offline: 0 });
    }
    expect(bob.eventsOf('contact').at(-1)?.contact).toMatchObject({ state: 'removed', presence: 'unknown' });
    expect(await world.settle(alice.engine.send({ to: 'bob', text: 'no' }))).toMatchObject({
      error: { code: 'NOT_FRIENDS' },
    });
  });

  it('keeps out a stranger who never asked, until it is lifted', async () => {
    const { world, alice, bob } = await strangers();
    await world.ok(alice.engine.blockContact('bob'));
    await world.ok(bob.engine.addContact('alice', 'hello'));
    await world.run(1_000);
    expect((await bob.contact('alice'))?.state).toBe('asked');
    expect((await alice.contact('bob'))?.state).toBe('blocked');
    expect(await world.ok(alice.engine.unblockContact('bob'))).toMatchObject({ state: 'asking' });
  });

  it('refuses for good what certainly never left', async () => {
    const { world, alice, bob } = await friends();
    await bob.stop();
    const link = world.sim.network.link('alice', 'server');
    link.tcpStalled = true;
    await world.until(async () => (await alice.engine.status()).server.state !== 'connected');
    await world.ok(alice.engine.send({ to: 'bob', text: 'too late' }));
    await bob.restart();
    await world.ok(bob.engine.blockContact('alice'));
    link.tcpStalled = false;
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'refused');
    expect((await world.settle(alice.chat('bob'))).at(-1)?.reason).toBe('not-friends');
  });
});

describe('a removal', () => {
  it('[SV93] ends the sessions of both within a second', async () => {
    const { world, alice, bob } = await friends();
    await say(world, alice, bob, 'hello');
    await world.until(async () => (await alice.contact('bob'))?.path?.kind === 'direct');
    expect(await datagramsWithin(world, 60_000)).toBeGreaterThan(0);
    const ended = watchEnded();
    await world.ok(alice.engine.removeContact('bob'));
    await world.run(1_000);
    expect(ended()).toBe(2);
    expect(await datagramsWithin(world, 60_000)).toBe(0);
  });

  it('[SV93] ends the session of who did not hear it from the other', async () => {
    const { world, alice, bob } = await friends();
    await say(world, alice, bob, 'hello');
    await world.until(async () => (await alice.contact('bob'))?.path?.kind === 'direct');
    // The direct path takes nothing from alice to bob, and the relay serves no strangers: her CLOSE is lost.
    alice.engine.setDropUdp(true);
    const ended = watchEnded();
    await world.ok(alice.engine.removeContact('bob'));
    await world.run(1_000);
    expect(ended()).toBe(2);
    expect(await datagramsWithin(world, 60_000)).toBe(0);
  });
});

describe('a link of a friend whose key is pinned', () => {
  it('[ID11] replaces no pin, whatever the server shows, and names the way on', async () => {
    const { world, alice, bob } = await friends();
    const { link } = await world.ok(bob.engine.invitation());
    const key = new Uint8Array(32).fill(5);
    const forged = link.replace(/key=[a-z2-7]+/, `key=${toBase32(key)}`);
    const real = AccountLink.prototype.request;
    vi.spyOn(AccountLink.prototype, 'request').mockImplementation(async function (this: AccountLink, request) {
      const answer = await real.call(this, request);
      const shown = answer.ok && answer.value.type === 'account';
      return shown ? ok({ ...answer.value, accountKey: key } as typeof answer.value) : answer;
    });
    const [before] = await world.settle(alice.store.contacts());
    expect(await world.settle(alice.engine.addContact(forged, ''))).toMatchObject({
      error: { code: 'KEY_CHANGED', detail: { pinned: 1 } },
    });
    expect(await world.settle(alice.store.contacts())).toEqual([before]);
  });
});

describe('a look-up', () => {
  it('[ID20] that the server answers with somebody else finds nobody', async () => {
    const { world, alice } = await strangers();
    const real = AccountLink.prototype.request;
    vi.spyOn(AccountLink.prototype, 'request').mockImplementation(async function (this: AccountLink, request) {
      const answer = await real.call(this, request.type === 'lookup' ? { ...request, account: 'bob' } : request);
      return answer;
    });
    for (const who of ['carol', '10077']) {
      const unknown = { error: { code: 'NOT_FOUND', detail: { who } } };
      expect(await world.settle(alice.engine.lookup(who))).toMatchObject(unknown);
      expect(await world.settle(alice.engine.addContact(who, 'hi'))).toMatchObject(unknown);
      expect(await world.settle(alice.engine.blockContact(who))).toMatchObject(unknown);
    }
    for (const who of ['BOB', '10002']) expect(await world.ok(alice.engine.lookup(who))).toMatchObject({ name: 'bob' });
  });
});

describe('somebody who has deleted the account', () => {
  it('[ID6] has no key: none that changed, and none to compare or take', async () => {
    const { world, alice, bob } = await friends();
    const { digits } = await world.ok(alice.engine.safetyNumber('bob'));
    await world.ok(alice.engine.verifyContact('bob', { matches: true, acceptNewKey: false, digits }));
    const [before] = await world.settle(alice.store.contacts());
    await world.ok(bob.engine.deleteAccount(PASSWORD));
    await world.until(async () => (await world.ok(alice.engine.contact('bob'))).state === 'removed');
    expect(await world.ok(alice.engine.contact('bob'))).toMatchObject({ keyChanged: false, verified: false });
    const refused = { error: { code: 'NOT_FOUND', detail: { who: 'bob' } } };
    expect(await world.settle(alice.engine.safetyNumber('bob'))).toMatchObject(refused);
    for (const acceptNewKey of [true, false]) {
      const verdict = { matches: true, acceptNewKey, digits };
      expect(await world.settle(alice.engine.verifyContact('bob', verdict))).toMatchObject(refused);
    }
    expect((await world.settle(alice.store.contacts()))[0]).toMatchObject({ pinnedKey: before!.pinnedKey });
  });
});

describe('a key', () => {
  it('[ID6] that changed holds messages until the user takes it, and then they go out', async () => {
    const { world, alice, bob } = await friends();
    await alice.stop();
    await pinOther(world, alice);
    await alice.restart();
    expect(await alice.contact('bob')).toMatchObject({ keyChanged: true, verified: false });
    await world.ok(alice.engine.send({ to: 'bob', text: 'held' }));
    await world.run(20_000);
    expect((await alice.chat('bob')).at(-1)).toMatchObject({ state: 'queued', reason: 'key-changed' });

    const verdict = { matches: true, acceptNewKey: false };
    expect(await world.settle(alice.verify('bob', verdict))).toMatchObject({
      error: { code: 'KEY_CHANGED' },
    });
    const accepted = await world.ok(alice.verify('bob', { matches: false, acceptNewKey: true }));
    expect(accepted).toMatchObject({ keyChanged: false, verified: false, contact: { keyChanged: false } });
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered', 10_000);
    expect(await bob.texts('alice')).toEqual(['held']);
  });

  it('[ID6] of somebody who began anew changes the safety number, ends the session, and is taken by the user alone', async () => {
    const { world, alice, bob } = await friends();
    await say(world, alice, bob, 'hello');
    const before = await world.ok(alice.verify('bob', { matches: true, acceptNewKey: false }));
    const ended = watchEnded();
    const anew = world.peer('bob-anew');
    await world.settle(anew.start());
    const { account } = await world.ok(
      anew.engine.login({
        server: world.sim.server.address,
        trustFirst: false,
        account: 'bob',
        password: PASSWORD,
        newIdentity: true,
      }),
    );
    expect(account.name).toBe('bob');
    await world.until(async () => (await alice.contact('bob'))?.keyChanged === true, 1_000);
    await world.run(1_000);
    expect(ended()).toBe(2);
    await world.ok(alice.engine.send({ to: 'bob', text: 'held' }));
    await world.run(20_000);
    expect((await alice.chat('bob')).at(-1)).toMatchObject({ state: 'queued', reason: 'key-changed' });
    const after = await world.ok(alice.engine.safetyNumber('bob'));
    expect(after).toMatchObject({ verified: false, keyChanged: true });
    expect(after.digits).not.toBe(before.digits);
    await world.ok(alice.verify('bob', { matches: true, acceptNewKey: true }));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered', 20_000);
    expect(await anew.texts('alice')).toContain('held');
    expect(await alice.contact('bob')).toMatchObject({ verified: true, keyChanged: false });
  });

  it('[ID12] is compared by the same 60 digits on both sides, and stays compared', async () => {
    const { world, alice, bob } = await friends();
    const [ours, theirs] = [
      await world.ok(alice.engine.safetyNumber('bob')),
      await world.ok(bob.engine.safetyNumber('alice')),
    ];
    expect(ours.digits).toBe(theirs.digits);
    expect(ours).toMatchObject({ verified: false, keyChanged: false });
    const verified = await world.ok(alice.verify('bob', { matches: true, acceptNewKey: false }));
    expect(verified.verified).toBe(true);
    alice.crash();
    await alice.restart();
    expect((await alice.contact('bob'))?.verified).toBe(true);
    await world.ok(alice.verify('bob', { matches: false, acceptNewKey: false }));
    expect((await alice.contact('bob'))?.verified).toBe(false);
  });
});

describe('remarks and groups', () => {
  it('are kept, and find the contact everywhere', async () => {
    const { world, alice, bob } = await friends();
    const noted = await world.ok(alice.engine.setContact('bob', { remark: ' Uncle Bob ', group: 'family' }));
    expect(noted).toMatchObject({ remark: 'Uncle Bob', group: 'family', neverDirect: false });
    alice.crash();
    await alice.restart();
    await world.ok(alice.engine.send({ to: 'uncle bob', text: 'hello' }));
    await world.until(async () => (await bob.texts('alice')).length === 1);
    expect(await world.ok(alice.engine.contact('UNCLE BOB'))).toMatchObject({ name: 'bob', group: 'family' });
    await world.ok(alice.engine.setContact('bob', { remark: '' }));
    expect(await alice.contact('bob')).toMatchObject({ remark: '', group: 'family' });
    expect(await world.settle(alice.engine.contact('uncle bob'))).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });

  it('of two that are the same mean nobody', async () => {
    const world = await EngineWorld.start();
    const [alice] = await world.friends('alice', 'bob', 'carol');
    for (const who of ['bob', 'carol']) await world.ok(alice.engine.setContact(who, { remark: 'boss' }));
    expect(await world.settle(alice.engine.send({ to: 'boss', text: 'hi' }))).toMatchObject({
      error: { code: 'AMBIGUOUS' },
    });
  });

  it('that do not fit a line are refused', async () => {
    const { world, alice } = await friends();
    for (const [remark, code] of [
      ['a\nb', 'BAD_TEXT'],
      ['\ud800', 'BAD_TEXT'],
      ['x'.repeat(65), 'TEXT_TOO_LARGE'],
      ['x'.repeat(100_000), 'TEXT_TOO_LARGE'],
    ] as const) {
      expect(await world.settle(alice.engine.setContact('bob', { remark }))).toMatchObject({ error: { code } });
    }
    expect((await alice.contact('bob'))?.remark).toBe('');
  });
});

async function strangers() {
  const world = await EngineWorld.start();
  const [alice, bob] = [world.peer('alice'), world.peer('bob')];
  await alice.register();
  await bob.register();
  return { world, alice, bob };
}

async function friends() {
  const { world, alice, bob } = await strangers();
  await world.befriend(alice, bob);
  return { world, alice, bob };
}

/** The store of somebody who met bob when his account had another key. */
async function pinOther(world: EngineWorld, alice: TestPeer): Promise<void> {
  const { rosterVersion } = (await world.settle(alice.store.profile()))!;
  const [{ pinnedKey, unread, local, ...bob }] = (await world.settle(alice.store.contacts())) as [Contact];
  await world.settle(alice.store.applyRoster([{ ...bob, accountKey: new Uint8Array(32).fill(7) }], rosterVersion));
  await world.settle(alice.store.acceptAccountKey(bob.account, true));
  await world.settle(alice.store.applyRoster([bob], rosterVersion));
}

async function say(world: EngineWorld, from: TestPeer, to: TestPeer, text: string): Promise<void> {
  await world.ok(from.engine.send({ to: to.name, text }));
  await world.until(async () => (await to.texts(from.name)).includes(text));
}

/** @returns how many sessions have ended since */
function watchEnded(): () => number {
  const polled = vi.spyOn(Session.prototype, 'pollEvent');
  return () => {
    const { contexts, results } = polled.mock;
    return new Set(contexts.filter((_, i) => results[i]?.value?.type === 'ended')).size;
  };
}

/** How many datagrams the friends exchange; a direct path that is idle is challenged every 15 s. */
async function datagramsWithin(world: EngineWorld, ms: number): Promise<number> {
  let count = 0;
  const between = new Set(['alice', 'bob']);
  const tap = {
    onDatagram: (from: string, to: string) => {
      if (between.has(from) && between.has(to)) count++;
    },
  };
  world.sim.network.taps.push(tap);
  await world.run(ms);
  world.sim.network.taps.splice(world.sim.network.taps.indexOf(tap), 1);
  return count;
}
