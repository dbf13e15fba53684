import { deviceListHash } from '@magpie/common/channel/device-list.ts';
import type { RosterEntry } from '@magpie/common/frames/frame-table.ts';
import { describe, expect, it } from 'vitest';
import { settle, type TestClient, type TestDevice, TestWorld } from '../session/test-world.ts';

/** Long enough for every grace. */
const NIGHT_MS = 8 * 3_600_000;

describe('what happened while somebody was away (SV32)', () => {
  it('[SV32] a request, an answer, a removal and a block all come with the next login, each once', async () => {
    const world = await TestWorld.start();
    const [alice, bob, carol, dora, erin] = await registered(world, 'alice', 'bob', 'carol', 'dora', 'erin');
    await world.befriend(alice, carol);
    await world.befriend(alice, dora);
    await alice.request({ type: 'friend-add', account: erin.account, text: 'hello' });
    const known = await versionOf(alice);
    const back = await away(world, alice, async (here) => {
      const [b, c, d, e] = [await here(bob), await here(carol), await here(dora), await here(erin)];
      await b.request({ type: 'friend-add', account: alice.account, text: 'it is Bob' });
      await c.request({ type: 'friend-remove', account: alice.account });
      await d.request({ type: 'block', account: alice.account });
      await e.request({ type: 'friend-answer', account: alice.account, accept: true });
    });
    const entries = await changes(back, known);
    expect(entries.map(({ name, state, text }) => [name, state, text])).toEqual([
      ['bob', 'asking', 'it is Bob'],
      ['carol', 'removed', ''],
      ['dora', 'removed', ''],
      ['erin', 'member', ''],
    ]);
    await settle();
    expect(back.take('roster')).toEqual([]);
    expect(await changes(back, await versionOf(back))).toEqual([]);
  });

  it('[SV32] a request that was withdrawn again, and one that was declined, leave what is true now and nothing else', async () => {
    const world = await TestWorld.start();
    const [alice, bob, carol] = await registered(world, 'alice', 'bob', 'carol');
    await alice.request({ type: 'friend-add', account: carol.account, text: 'hello' });
    const known = await versionOf(alice);
    const back = await away(world, alice, async (here) => {
      const [b, c] = [await here(bob), await here(carol)];
      await b.request({ type: 'friend-add', account: alice.account, text: 'a mistake' });
      await b.request({ type: 'friend-remove', account: alice.account });
      await c.request({ type: 'friend-answer', account: alice.account, accept: false });
    });
    const entries = await changes(back, known);
    expect(entries.map(({ name, state, text }) => [name, state, text])).toEqual([
      ['bob', 'removed', ''],
      ['carol', 'removed', ''],
    ]);
  });

  it('[SV103] a friend’s new name and line come once, as they are now', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const known = await versionOf(alice);
    const back = await away(world, alice, async (here) => {
      const b = await here(bob);
      for (const displayName of ['Robert', 'Rob']) {
        await b.request({ type: 'profile-set', displayName, signatureLine: `I am ${displayName}` });
      }
    });
    expect(await changes(back, known)).toMatchObject([{ displayName: 'Rob', signatureLine: 'I am Rob' }]);
    await settle();
    expect(back.take('roster')).toEqual([]);
  });

  it('[SV101] a friend’s new device and new account key come with its list', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const known = await versionOf(alice);
    const tablet = world.newDevice(bob.device.accountKey);
    const list = bob.device.list([bob.device, tablet], 2, deviceListHash(bob.device.list()));
    const back = await away(world, alice, async () => {
      expect((await world.connect(tablet).login('bob', undefined, list)).type).toBe('welcome');
    });
    const [entry] = await changes(back, known);
    expect(entry).toMatchObject({ name: 'bob', state: 'member', deviceList: list });
    const device: TestDevice = world.newDevice();
    const later = await away(world, back, async () => {
      const anew = world.connect(device);
      expect((await anew.login('bob')).type).toBe('enroll-needed');
      expect((await anew.enroll(device.list([device], 3), { replaceKey: true })).type).toBe('welcome');
    });
    const [replaced] = await changes(later, entry!.version);
    expect(replaced).toMatchObject({ name: 'bob', state: 'member', accountKey: device.accountKey.publicKey });
  });

  it('[SV104] the end of a friend’s account looks like a removal', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const known = await versionOf(alice);
    const back = await away(world, alice, async () => {
      const account = await world.server.users.delete('bob');
      expect(account.ok).toBe(true);
    });
    expect(await changes(back, known)).toMatchObject([{ account: bob.account, state: 'removed' }]);
  });

  it('[SV117] a friend’s new mailbox key is what is asked for next', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const back = await away(world, alice, async (here) => {
      const b = await here(bob);
      await b.request({ type: 'mail-key-set', generation: 1, step: 8, key: Uint8Array.of(8) });
    });
    const keys = await back.request({ type: 'mail-keys-get', account: bob.account });
    expect(keys).toMatchObject({ entries: [{ device: bob.device.id, key: Uint8Array.of(8) }] });
  });

  it('[SV71] notices come once to each device that was away, in order', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const back = await away(world, alice, async () => {
      for (const text of ['one', 'two']) await world.server.sendNotice(text);
    });
    await world.server.sendNotice('three');
    await settle();
    const notices = back.take('notice');
    expect(notices.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    await back.request({ type: 'notice-ack', upTo: notices.at(-1)!.id });
    expect((await loggedIn(world, back)).take('notice')).toEqual([]);
    expect((await loggedIn(world, bob)).take('notice')).toHaveLength(3);
  });

  it('[SV32] what crosses the login is in the answer or is pushed', async () => {
    const world = await TestWorld.start();
    const [alice, bob, carol] = await registered(world, 'alice', 'bob', 'carol');
    const known = await versionOf(alice);
    const back = await away(world, alice, async (here) => {
      await (await here(bob)).request({ type: 'friend-add', account: alice.account, text: 'before' });
    });
    const c = await loggedIn(world, carol);
    const [entries] = await Promise.all([
      changes(back, known),
      c.request({ type: 'friend-add', account: alice.account, text: 'meanwhile' }),
    ]);
    await settle();
    const pushedEntries = back.take('roster').flatMap((frame) => frame.entries);
    const texts = new Set([...entries, ...pushedEntries].map(({ text }) => text));
    expect(texts).toEqual(new Set(['before', 'meanwhile']));
  });
});

async function registered<const Names extends readonly string[]>(
  world: TestWorld,
  ...names: Names
): Promise<{ [I in keyof Names]: TestClient }> {
  const clients: TestClient[] = [];
  for (const name of names) clients.push(await world.register(name));
  return clients as { [I in keyof Names]: TestClient };
}

/** The client is gone for a night in which things happen; then it logs in again. */
async function away(
  world: TestWorld,
  client: TestClient,
  happens: (here: (client: TestClient) => Promise<TestClient>) => Promise<void>,
): Promise<TestClient> {
  client.wire.drop();
  await world.advance(NIGHT_MS);
  await happens((other) => loggedIn(world, other));
  await world.advance(NIGHT_MS);
  return loggedIn(world, client);
}

async function loggedIn(world: TestWorld, client: TestClient): Promise<TestClient> {
  const next = world.connect(client.device);
  const answer = await next.resume();
  if (answer.type !== 'welcome') throw new Error(`not resumed: ${JSON.stringify(answer)}`);
  await settle();
  return next;
}

/** What the list says above a version. */
async function changes(client: TestClient, since: number): Promise<readonly RosterEntry[]> {
  const answer = await client.request({ type: 'roster-get', since });
  if (answer.type !== 'roster' || !answer.last) throw new Error(`no list: ${JSON.stringify(answer)}`);
  return answer.entries;
}

async function versionOf(client: TestClient): Promise<number> {
  await settle();
  client.take('roster');
  const answer = await client.request({ type: 'roster-get', since: 0 });
  if (answer.type !== 'roster') throw new Error(`no list: ${JSON.stringify(answer)}`);
  return answer.version;
}
