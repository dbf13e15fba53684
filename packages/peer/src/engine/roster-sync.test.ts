import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import { ok } from '@magpie/common/result.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { AccountLink } from './account-link.ts';
import { RosterSync } from './roster-sync.ts';
import { chainOf } from './test-device-lists.ts';
import { EngineWorld, PASSWORD, type TestPeer } from './test-world.ts';

type AllAnswers = ReturnType<AccountLink['requestAll']>;

afterEach(() => void vi.restoreAllMocks());

describe('a server that was restored from a backup', () => {
  it('[SV84] is heard again: blocks act, requests show', async () => {
    const world = await EngineWorld.start();
    const [alice, bob] = await world.friends('alice', 'bob');
    await aheadOfTheServer(world, alice);
    await world.ok(alice.engine.send({ to: 'bob', text: 'before' }));
    await world.until(async () => (await bob.texts('alice')).includes('before'));
    expect(await world.ok(alice.engine.blockContact('bob'))).toMatchObject({ state: 'blocked' });
    expect(await alice.contact('bob')).toMatchObject({ state: 'blocked', path: undefined });
    const carol = world.peer('carol');
    await carol.register();
    await world.ok(carol.engine.addContact('alice', 'hi'));
    await world.until(async () => (await alice.contact('carol'))?.state === 'asking');
  });

  it('[SV84] leaves no friend who is none there any more; what only this profile knows stays', async () => {
    const world = await EngineWorld.start();
    const [alice] = await world.friends('alice', 'bob', 'carol');
    await world.ok(alice.engine.setContact('carol', { remark: 'C' }));
    const [bob, carol] = await rowsOf(world, alice);
    await aheadOfTheServer(world, alice, {
      whole: [{ ...bob!, version: 3 }],
      version: 4,
    });
    expect(await alice.contact('bob')).toMatchObject({ state: 'member' });
    expect(await world.ok(alice.engine.contact('carol'))).toMatchObject({ state: 'removed', remark: 'C' });
    const kept = (await world.settle(alice.store.contacts())).find(({ account }) => account === carol!.account);
    expect(kept).toMatchObject({ pinnedKey: carol!.accountKey, deviceList: carol!.deviceList });
  });

  it('[SV84] that has lost a block is told of it again', async () => {
    const world = await EngineWorld.start();
    const [alice, bob] = await world.friends('alice', 'bob');
    await world.ok(alice.engine.blockContact('bob'));
    const [row] = await rowsOf(world, alice);
    const asked = vi.spyOn(AccountLink.prototype, 'request');
    await aheadOfTheServer(world, alice, { whole: [{ ...row!, state: 'member', version: 3 }], version: 4 });
    expect(await alice.contact('bob')).toMatchObject({ state: 'blocked' });
    expect(asked.mock.calls.map(([request]) => request)).toContainEqual({ type: 'block', account: row!.account });
    void bob;
  });
});

describe('a server that does not answer', () => {
  it('[PA19] delays no switch to never direct', async () => {
    const world = await EngineWorld.start();
    const [bob, , carol] = await world.friends('bob', 'alice', 'carol');
    await world.ok(bob.engine.send({ to: 'alice', text: 'x' }));
    await world.until(async () => (await bob.contact('alice'))?.path?.kind === 'direct');
    await listAhead(world, bob, carol);
    const began = world.sim.nowMs;
    await world.ok(bob.engine.setContact('alice', { neverDirect: true }));
    expect(world.sim.nowMs - began).toBeLessThan(100);
    expect((await bob.contact('alice'))?.path?.kind).not.toBe('direct');
  });

  it('[SV93] delays no removal', async () => {
    const world = await EngineWorld.start();
    const [bob, alice, carol] = await world.friends('bob', 'alice', 'carol');
    await world.ok(bob.engine.send({ to: 'alice', text: 'x' }));
    await world.until(async () => (await bob.contact('alice'))?.path?.kind === 'direct');
    await listAhead(world, bob, carol);
    await world.ok(alice.engine.removeContact('bob'));
    await world.until(async () => (await world.ok(bob.engine.contact('alice'))).state === 'removed', 1_000);
  });

  it('[SV93] delays no block of our own', async () => {
    const world = await EngineWorld.start();
    const [alice, bob] = await world.friends('alice', 'bob');
    await world.ok(alice.engine.send({ to: 'bob', text: 'a' }));
    await world.until(async () => (await alice.contact('bob'))?.path?.kind === 'direct');
    vi.spyOn(RosterSync.prototype, 'apply').mockResolvedValue(undefined);
    const lost = { ok: false, error: { kind: 'timed-out' } } as const;
    vi.spyOn(AccountLink.prototype, 'requestAll').mockResolvedValue(lost);
    expect(await world.ok(alice.engine.blockContact('bob'))).toMatchObject({ state: 'blocked', path: undefined });
    await world.ok(bob.engine.send({ to: 'alice', text: 'still here' }));
    await world.run(5_000);
    expect(await alice.texts('bob')).toEqual(['a']);
  });
});

describe('names (ID7)', () => {
  it('[ID20] stay those of the first entry, so that messages go to whom they went before', async () => {
    const world = await EngineWorld.start();
    const [alice, bob, mallory] = await world.friends('alice', 'bob', 'mallory');
    const rows = await rowsOf(world, alice);
    const renamed = rows.map((row) => ({ ...row, version: 98, name: row.name === 'bob' ? 'bob_' : 'bob' }));
    await world.settle((await shown(world, alice, renamed as RosterEntry[], 99)).stored);
    await world.ok(alice.engine.send({ to: 'bob', text: 'for bob only' }));
    await world.until(async () => (await bob.texts('alice')).includes('for bob only'));
    expect(await mallory.texts('alice')).toEqual([]);
    expect(alice.log.filter(({ level }) => level === 'warn').map(({ message }) => message)).toContain(
      'the server gave an account another name',
    );
  });
});

describe('the newest list, which the user takes', () => {
  it('[ID10] is not one from before: a device that was taken off does not come back', async () => {
    const world = await EngineWorld.start();
    const [bob, alice] = await world.friends('bob', 'alice');
    const phone = world.peer('phone');
    await world.settle(phone.start());
    const { code } = await world.ok(alice.engine.offerApproval());
    const server = world.sim.server.address;
    const login = {
      server,
      trustFirst: false,
      account: 'alice',
      password: PASSWORD,
      label: 'phone',
      approvalCode: code,
    };
    await world.ok(phone.engine.login(login as never));
    await world.run(1_000);
    const withPhone = (await world.settle(alice.store.ownDeviceLists())).at(-1)!;
    const { device } = await world.ok(phone.engine.whoami());
    await world.ok(alice.engine.revokeDevice(device));
    await world.run(2_000);
    await world.settle(bob.store.noteContact(10_002 as never, { listBroken: true }));
    bob.crash();
    await bob.restart();
    const [held] = await rowsOf(world, bob);
    const real = AccountLink.prototype.request;
    vi.spyOn(AccountLink.prototype, 'request').mockImplementation(async function (this: AccountLink, request) {
      const answer = await real.call(this, request);
      const old = answer.ok && answer.value.type === 'device-list';
      return old ? ok({ ...answer.value, deviceList: withPhone } as typeof answer.value) : answer;
    });
    const { digits } = await world.ok(bob.engine.safetyNumber('alice'));
    const verdict = { matches: false, acceptNewKey: true, digits };
    expect(await world.settle(bob.engine.verifyContact('alice', verdict))).toMatchObject({
      error: { code: 'OLD_DEVICE_LIST' },
    });
    expect(await rowsOf(world, bob)).toEqual([held]);
    expect(await bob.contact('alice')).toMatchObject({ keyChanged: true, listBroken: true });
  });
});

async function rowsOf(world: EngineWorld, peer: TestPeer): Promise<readonly RosterEntry[]> {
  const contacts = await world.settle(peer.store.contacts());
  return contacts.map(({ pinnedKey, unread, local, ...entry }) => entry);
}

/** The peer comes back with a list that is newer than the server's, which shows `whole` when it is given. */
async function aheadOfTheServer(
  world: EngineWorld,
  peer: TestPeer,
  answer?: { readonly whole: readonly RosterEntry[]; readonly version: number },
): Promise<void> {
  await world.settle(peer.store.updateProfile({ rosterVersion: 50 }));
  peer.crash();
  if (answer) {
    answerAll('roster-get', ({ since }) => {
      const entries = since === 0 ? answer.whole : [];
      return Promise.resolve(ok([{ type: 'roster', requestId: 1, version: answer.version, last: true, entries }]));
    });
  }
  await peer.restart();
}

/** The friend's list, as the server shows it to the peer, is two ahead, and nobody answers what lies between. */
async function listAhead(world: EngineWorld, peer: TestPeer, friend: TestPeer): Promise<void> {
  const row = (await rowsOf(world, peer)).find(({ name }) => name === friend.name)!;
  let asked = 0;
  answerAll('device-chain-get', () => {
    asked++;
    return new Promise((resolve) => {
      const lost = { ok: false, error: { kind: 'timed-out' } } as const;
      world.sim.time.schedule(world.sim.nowMs + 15_000, () => resolve(lost));
    });
  });
  const ahead = { ...row, version: row.version + 1, deviceList: chainOf(friend.identity, 3)[2]! };
  await shown(world, peer, [ahead], ahead.version);
  await world.until(() => asked > 0);
}

/** The server pushes these rows to the peer. @returns when they are stored */
async function shown(
  world: EngineWorld,
  peer: TestPeer,
  entries: readonly RosterEntry[],
  version: number,
): Promise<{ readonly stored: Promise<void> }> {
  const reload = vi.spyOn(RosterSync.prototype, 'reload');
  await world.ok(peer.engine.setContact(String(entries[0]!.account), {}));
  const roster = reload.mock.contexts.at(-1) as RosterSync;
  reload.mockRestore();
  return { stored: roster.apply(entries, version) };
}

function answerAll(type: string, answer: (request: { readonly since: number }) => Promise<unknown>): void {
  const real = AccountLink.prototype.requestAll;
  vi.spyOn(AccountLink.prototype, 'requestAll').mockImplementation(function (this: AccountLink, request) {
    return request.type === type ? (answer(request as never) as AllAnswers) : real.call(this, request);
  });
}
