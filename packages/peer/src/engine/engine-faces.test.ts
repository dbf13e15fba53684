import { describe, expect, it } from 'vitest';
import { EngineWorld, PASSWORD, type TestPeer } from './test-world.ts';

/** What one face does, every other face of the same profile hears of (R29). */
describe('two faces of one profile', () => {
  it('[R29] hear how much is unread, when something comes and when it was read', async () => {
    const { world, alice, bob } = await friends();
    await world.ok(bob.engine.send({ to: 'alice', text: 'one' }));
    await world.ok(bob.engine.send({ to: 'alice', text: 'two' }));
    await world.until(() => alice.eventsOf('unread').at(-1)?.unread === 2);
    const [, first] = await world.settle(alice.lines('bob'));
    await world.ok(alice.engine.markRead('bob', first!.id));
    await world.ok(alice.engine.markRead('bob'));
    expect(alice.eventsOf('unread').map(({ unread }) => unread)).toEqual([1, 2, 1, 0]);
    expect(bob.eventsOf('unread')).toEqual([]);
  });

  it('[R29] hear of rows that were deleted, and what is unread then', async () => {
    const { world, alice, bob } = await friends();
    await world.ok(bob.engine.send({ to: 'alice', text: 'one' }));
    await world.until(() => alice.eventsOf('unread').at(-1)?.unread === 1);
    await world.ok(alice.engine.deleteMessages({ chat: 'bob' }));
    expect(alice.eventsOf('deleted')).toMatchObject([{ account: (await alice.contact('bob'))!.account }]);
    expect(alice.eventsOf('unread').at(-1)).toMatchObject({ unread: 0 });
    expect(await world.ok(alice.engine.chats({ limit: 10 }))).toEqual([]);
    await world.ok(alice.engine.deleteMessages({ chat: 'bob' }));
    expect(alice.eventsOf('deleted')).toHaveLength(1);
  });

  it('[R29] hear of every choice for the profile, whole', async () => {
    const { world, alice } = await friends();
    alice.events.length = 0;
    await world.ok(alice.engine.setPresence('busy', 'lecture'));
    await world.ok(alice.engine.setPrivacy({ sendTyping: false }));
    await world.ok(alice.engine.setNeverDirect(true));
    await world.ok(alice.engine.setAutoAway(60_000));
    expect(alice.eventsOf('settings').at(-1)).toEqual({
      type: 'settings',
      settings: {
        presence: { status: 'busy', text: 'lecture', wish: 'busy', autoAwayMs: 60_000 },
        privacy: { sendTyping: false, sendReadReceipts: true },
        neverDirect: true,
      },
    });
    await world.ok(alice.engine.setPresence('online'));
    await world.until(() => alice.eventsOf('settings').at(-1)?.settings.presence.status === 'away', 120_000);
  });

  it('[R29] hear that policy, recovery code and sign-in are to be read anew', async () => {
    const { world, alice } = await friends();
    alice.events.length = 0;
    await world.ok(alice.engine.setPolicy({ ask: 'nobody' }));
    await world.ok(alice.engine.renewRecovery());
    await world.ok(alice.engine.recoveryKept());
    expect(alice.eventsOf('account')).toHaveLength(3);
    await world.ok(alice.engine.logout());
    expect(alice.eventsOf('account').at(-1)?.account.signedIn).toBe(false);
    await world.ok(alice.engine.login({ trustFirst: false, password: PASSWORD }));
    expect(alice.eventsOf('account').at(-1)?.account.signedIn).toBe(true);
  });

  it('[R29] hear of a contact whose name, group or road was changed here, and of one that was removed', async () => {
    const { world, alice } = await friends();
    alice.events.length = 0;
    await world.ok(alice.engine.setContact('bob', { remark: 'Bobby', group: 'Lab', neverDirect: true }));
    expect(alice.eventsOf('contact').at(-1)?.contact).toMatchObject({
      remark: 'Bobby',
      group: 'Lab',
      neverDirect: true,
    });
    await world.ok(alice.engine.removeContact('bob'));
    expect(alice.eventsOf('contact').at(-1)?.contact).toMatchObject({ state: 'removed', remark: 'Bobby' });
  });

  it('[R29] hear of a notice that was dismissed, which lasts', async () => {
    const { world, alice } = await friends();
    await world.settle(world.sim.server.server.sendNotice('maintenance tonight'));
    await world.until(() => alice.eventsOf('notice').length === 1);
    const { id } = alice.eventsOf('notice')[0]!.notice;
    await world.ok(alice.engine.dismissNotice(id));
    expect(alice.eventsOf('notice').at(-1)?.notice).toMatchObject({ id, dismissed: true });
    alice.crash();
    await alice.restart();
    expect(await world.ok(alice.engine.notices(9))).toMatchObject([{ id, dismissed: true }]);
    expect(await world.settle(alice.engine.dismissNotice(99))).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });
});

async function friends(): Promise<{ world: EngineWorld; alice: TestPeer; bob: TestPeer }> {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  return { world, alice, bob };
}
