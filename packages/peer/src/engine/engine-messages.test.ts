import type { MessageId } from '@magpie/common/ids.ts';
import { CHANGE_MS_MAX } from '@magpie/common/limits.ts';
import { describe, expect, it } from 'vitest';
import type { MessageView } from './engine.ts';
import { EngineWorld, PASSWORD, type TestPeer } from './test-world.ts';

const ELSEWHERE = 'f'.repeat(32) as MessageId;

describe('what is said', () => {
  it('answers a message of the same chat only', async () => {
    const { world, alice, bob } = await friends();
    const carol = world.peer('carol');
    await carol.register();
    await world.befriend(alice, carol);
    const asked = await said(world, bob, 'alice', 'at five?');
    await world.until(async () => (await alice.texts('bob')).includes('at five?'));
    const answer = await world.ok(alice.engine.send({ to: 'bob', text: 'at six', replyTo: asked.id }));
    expect(answer.replyTo).toBe(asked.id);
    await world.until(async () => (await bob.chat('alice')).some(({ replyTo }) => replyTo === asked.id));
    for (const [to, replyTo] of [
      ['carol', asked.id],
      ['bob', ELSEWHERE],
      ['bob', (await world.settle(alice.lines('bob'))).find(({ kind }) => kind === 'system')!.id],
    ] as const) {
      const refused = await world.settle(alice.engine.send({ to, text: 'x', replyTo }));
      expect(refused).toMatchObject({ ok: false, error: { code: 'NOT_FOUND', detail: { who: replyTo } } });
    }
  });

  it('is a nudge every ten seconds at most, and counts as unread', async () => {
    const { world, alice, bob } = await friends();
    await world.ok(alice.engine.nudge('bob'));
    const again = await world.settle(alice.engine.nudge('bob'));
    expect(again).toMatchObject({ ok: false, error: { code: 'TOO_MANY' } });
    expect(again.ok ? 0 : again.error.retryAfterMs).toBeGreaterThan(9_000);
    await world.until(async () => (await bob.contact('alice'))?.unread === 1);
    expect((await world.settle(bob.chat('alice'))).at(-1)).toMatchObject({ kind: 'nudge', direction: 'in', text: '' });
    await world.run(10_000);
    await world.ok(alice.engine.nudge('bob'));
  });
});

describe('a message that changes', () => {
  it('is edited on both sides, and says until then that the friend lacks it', async () => {
    const { world, alice, bob } = await friends();
    const { id } = await delivered(world, alice, bob, 'at five');
    bob.events.length = 0;
    const edited = await world.ok(alice.engine.editMessage(id, 'at six'));
    expect(edited).toMatchObject({ id, text: 'at six', pendingChanges: 1, state: 'delivered' });
    expect(edited.editedAt).toBeDefined();
    await world.until(async () => (await bob.chat('alice')).at(-1)?.text === 'at six');
    await world.until(async () => (await alice.chat('bob')).at(-1)?.pendingChanges === 0);
    expect(bob.eventsOf('message').map(({ isNew, message }) => [isNew, message.id, message.text])).toEqual([
      [false, id, 'at six'],
    ]);
    expect(await world.settle(alice.texts('bob'))).toEqual(['at six']);
  });

  it('takes reactions of both, each once, and gives them back', async () => {
    const { world, alice, bob } = await friends();
    const { id } = await delivered(world, alice, bob, 'good news');
    await world.ok(bob.engine.react(id, '👍', true));
    await world.ok(bob.engine.react(id, '👍', true));
    await world.ok(alice.engine.react(id, '❤', true));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.reactions.length === 2);
    await world.until(async () => (await bob.chat('alice')).at(-1)?.reactions.length === 2);
    expect(
      new Set((await world.settle(alice.chat('bob'))).at(-1)?.reactions.map(({ emoji, mine }) => `${emoji} ${mine}`)),
    ).toEqual(new Set(['👍 false', '❤️ true']));
    await world.ok(bob.engine.react(id, '👍', false));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.reactions.length === 1);
    expect(await world.settle(bob.engine.react(id, 'ok', true))).toMatchObject({
      error: { code: 'INVALID_ARGUMENT', detail: { argument: 'emoji' } },
    });
  });

  it('takes no more reactions of one account than are kept', async () => {
    const { world, alice, bob } = await friends();
    const { id } = await delivered(world, alice, bob, 'much liked');
    const emojis = ['😀', '😁', '😂', '😃', '😄', '😅', '😆', '😇', '😈', '😉', '😊', '😋', '😌', '😍', '😎', '😏'];
    for (const emoji of emojis) await world.ok(alice.engine.react(id, emoji, true));
    expect(await world.settle(alice.engine.react(id, '😐', true))).toMatchObject({ error: { code: 'TOO_MANY' } });
    await world.ok(alice.engine.react(id, '😀', false));
    await world.ok(alice.engine.react(id, '😐', true));
  });

  it('is recalled on both sides, its text gone', async () => {
    const { world, alice, bob } = await friends();
    const { id } = await delivered(world, alice, bob, 'a secret');
    expect(await world.ok(alice.engine.recallMessage(id))).toMatchObject({ recalled: true, text: '' });
    await world.until(async () => (await bob.chat('alice')).at(-1)?.recalled === true);
    expect(await world.settle(bob.texts('alice'))).toEqual(['']);
    expect(await found(world, bob, 'secret')).toEqual([]);
    expect(await world.settle(alice.engine.editMessage(id, 'x'))).toMatchObject({ error: { code: 'NOT_OWN_MESSAGE' } });
    expect(await world.settle(bob.engine.react(id, '👍', true))).toMatchObject({ error: { code: 'NOT_OWN_MESSAGE' } });
  });

  it('[R14] is cancelled when it certainly never left, and nobody ever gets it', async () => {
    const { world, alice, bob } = await friends();
    await world.ok(alice.engine.setPresence('offline'));
    const first = await said(world, alice, 'bob', 'not this');
    await said(world, alice, 'bob', 'but this');
    const cancelled = await world.ok(alice.engine.recallMessage(first.id));
    expect(cancelled).toMatchObject({ state: 'refused', reason: 'cancelled', text: '' });
    await world.ok(alice.engine.setPresence('online'));
    await world.until(async () => (await bob.texts('alice')).length === 1);
    expect(await world.settle(bob.texts('alice'))).toEqual(['but this']);
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
    expect((await world.settle(alice.chat('bob')))[0]).toMatchObject({ state: 'refused', reason: 'cancelled' });
  });

  it('changes by its own side only, and for a day', async () => {
    const { world, alice, bob } = await friends();
    const { id } = await delivered(world, alice, bob, 'mine');
    expect(await world.settle(bob.engine.editMessage(id, 'yours'))).toMatchObject({
      error: { code: 'NOT_OWN_MESSAGE' },
    });
    expect(await world.settle(bob.engine.recallMessage(id))).toMatchObject({ error: { code: 'NOT_OWN_MESSAGE' } });
    const system = (await world.settle(alice.lines('bob'))).find(({ kind }) => kind === 'system')!;
    expect(await world.settle(alice.engine.recallMessage(system.id))).toMatchObject({
      error: { code: 'NOT_OWN_MESSAGE' },
    });
    expect(await world.settle(alice.engine.editMessage(ELSEWHERE, 'x'))).toMatchObject({
      error: { code: 'NOT_FOUND' },
    });
    expect(await world.settle(alice.engine.editMessage(id, ' '))).toMatchObject({ error: { code: 'EMPTY_TEXT' } });
    await world.run(CHANGE_MS_MAX + 60_000);
    for (const late of [alice.engine.editMessage(id, 'x'), alice.engine.recallMessage(id)]) {
      expect(await world.settle(late)).toMatchObject({ error: { code: 'TOO_LATE' } });
    }
  }, 60_000);
});

describe('what is kept', () => {
  it('is found by whose it is, and in its surroundings', async () => {
    const { world, alice, bob } = await friends();
    await delivered(world, alice, bob, '一起去吃饭吗');
    await delivered(world, bob, alice, '吃饭可以');
    expect(await found(world, alice, '吃饭')).toEqual(['吃饭可以', '一起去吃饭吗']);
    expect(await found(world, alice, '吃饭', 'me')).toEqual(['一起去吃饭吗']);
    expect(await found(world, alice, '吃饭', 'bob')).toEqual(['吃饭可以']);
    const [middle] = await world.settle(alice.chat('bob'));
    const around = await world.ok(alice.engine.messages({ chat: 'bob', limit: 10, around: middle!.id }));
    expect(around.map(({ text }) => text)).toContain('吃饭可以');
    const nowhere = alice.engine.messages({ chat: 'bob', limit: 10, around: ELSEWHERE });
    expect(await world.settle(nowhere)).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });

  it('is exported row by row, also what shows on other rows only', async () => {
    const { world, alice, bob } = await friends();
    const { id } = await delivered(world, alice, bob, 'at five');
    await world.ok(alice.engine.editMessage(id, 'at six'));
    const rows: MessageView[] = [];
    for (let page = 1; page > 0; ) {
      const after = rows.at(-1)?.born ?? 0;
      const next = await world.ok(alice.engine.exportPage({ after, limit: 2 }));
      rows.push(...next);
      page = next.length;
    }
    expect(rows.map(({ kind, text }) => [kind, text])).toEqual([
      ['system', 'friends'],
      ['text', 'at six'],
      ['edit', 'at six'],
    ]);
    expect(rows[2]?.target).toBe(id);
    expect((await world.settle(alice.engine.status())).storage.messages).toBeGreaterThan(0);
  });

  it('is deleted on this machine alone, and is unread no more', async () => {
    const { world, alice, bob } = await friends();
    const { id } = await delivered(world, alice, bob, 'forget me');
    expect((await world.settle(bob.contact('alice')))?.unread).toBe(1);
    expect(await world.ok(bob.engine.deleteMessages({ chat: 'alice', ids: [id] }))).toEqual({ deleted: 1 });
    expect(await world.settle(bob.texts('alice'))).not.toContain('forget me');
    expect((await world.settle(bob.contact('alice')))?.unread).toBe(0);
    expect(await found(world, bob, 'forget')).toEqual([]);
    expect(await world.settle(alice.texts('bob'))).toEqual(['forget me']);
  });

  it('is a draft until it is sent away or removed, told to every face, and outlives a crash', async () => {
    const { world, alice } = await friends();
    const kept = await world.ok(alice.engine.setDraft('bob', 'half a thou'));
    expect(kept).toMatchObject({ text: 'half a thou', replyTo: undefined });
    expect(alice.eventsOf('draft').map(({ draft }) => draft.text)).toEqual(['half a thou']);
    alice.crash();
    await alice.restart();
    expect((await world.ok(alice.engine.drafts())).map(({ text }) => text)).toEqual(['half a thou']);
    expect(await world.ok(alice.engine.setDraft('bob', ''))).toMatchObject({ text: '', at: undefined });
    expect(await world.ok(alice.engine.drafts())).toEqual([]);
    expect(await world.settle(alice.engine.setDraft('bob', 'x'.repeat(65_537)))).toMatchObject({
      error: { code: 'TEXT_TOO_LARGE' },
    });
    expect(await world.settle(alice.engine.setDraft('bob', 'x', ELSEWHERE))).toMatchObject({
      error: { code: 'NOT_FOUND' },
    });
  });
});

describe('privacy', () => {
  it('keeps what was read to itself until it may be told, over a restart', async () => {
    const { world, alice, bob } = await friends();
    await world.ok(bob.engine.setPrivacy({ sendReadReceipts: false }));
    await delivered(world, alice, bob, 'read me');
    await bob.stop();
    await bob.restart();
    expect(await bob.engine.privacy()).toEqual({ sendTyping: true, sendReadReceipts: false });
    await world.ok(bob.engine.markRead('alice'));
    await world.run(30_000);
    expect((await world.settle(alice.chat('bob'))).at(-1)?.state).toBe('delivered');
    await world.ok(bob.engine.setPrivacy({ sendReadReceipts: true }));
    await delivered(world, alice, bob, 'and me');
    await world.ok(bob.engine.markRead('alice'));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'read', 30_000);
  });

  it('lets friends see typing only where that is wanted', async () => {
    const { world, alice, bob } = await friends();
    await delivered(world, alice, bob, 'a session');
    await world.ok(alice.engine.setTyping('bob', true));
    await world.until(() => bob.eventsOf('typing').length === 1);
    expect((await world.settle(bob.contact('alice')))?.typing).toBe(true);
    await world.until(async () => (await bob.contact('alice'))?.typing === false);
    bob.events.length = 0;
    await world.ok(alice.engine.setPrivacy({ sendTyping: false }));
    await world.ok(alice.engine.setTyping('bob', true));
    await world.run(5_000);
    expect(bob.eventsOf('typing')).toEqual([]);
  });
});

describe('lines of the system', () => {
  it('tell when a friendship begins and ends, once each, also to who was away', async () => {
    const { world, alice, bob } = await friends();
    expect(await notes(world, alice)).toEqual(['friends']);
    expect(await notes(world, bob)).toEqual(['friends']);
    await bob.stop();
    await world.ok(alice.engine.removeContact('bob'));
    await bob.restart();
    await world.until(async () => (await bob.lines('alice')).length === 2);
    expect(await notes(world, bob)).toEqual(['friends', 'removed']);
    expect(await notes(world, alice)).toEqual(['friends', 'removed']);
    await bob.stop();
    await bob.restart();
    expect(await notes(world, bob)).toEqual(['friends', 'removed']);
  });

  it('[R19] say on a later device that its history begins there', async () => {
    const { world, alice, bob } = await friends();
    const { code } = await world.ok(alice.engine.offerApproval());
    const second = world.peer('alice2');
    await world.settle(second.start());
    const { address } = world.sim.server;
    const login = { server: address, trustFirst: false, account: 'alice', password: PASSWORD, approvalCode: code };
    await world.ok(second.engine.login(login));
    await world.until(async () => (await second.lines('bob')).length === 1);
    expect(await notes(world, second)).toEqual(['history-begins']);
    expect(await notes(world, bob)).toEqual(['friends']);
  });
});

describe('somebody invisible (R23)', () => {
  it('[SV44] is offline to friends over a restart, gets messages, and is seen again when that is wished', async () => {
    const { world, alice, bob } = await friends();
    expect(await world.ok(bob.engine.setPresence('invisible'))).toMatchObject({ status: 'offline', wish: 'invisible' });
    expect(await world.settle(bob.engine.status())).toMatchObject({ presence: 'offline', wish: 'invisible' });
    await world.until(async () => (await alice.contact('bob'))?.presence === 'offline');
    await bob.stop();
    // Beyond what the server joins into one change (SV45), and every grace.
    await world.run(60_000);
    alice.events.length = 0;
    await bob.restart();
    await world.ok(alice.engine.send({ to: 'bob', text: 'are you there?' }));
    await world.until(async () => (await bob.texts('alice')).includes('are you there?'));
    await world.run(20_000);
    expect((await world.settle(alice.chat('bob'))).at(-1)?.state).toBe('stored');
    expect(alice.eventsOf('presence').filter(({ status }) => status !== 'offline')).toEqual([]);
    await world.ok(bob.engine.setPresence('online'));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered', 30_000);
    expect((await world.settle(alice.contact('bob')))?.presence).toBe('online');
  });
});

async function friends(): Promise<{ world: EngineWorld; alice: TestPeer; bob: TestPeer }> {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  return { world, alice, bob };
}

function said(world: EngineWorld, from: TestPeer, to: string, text: string): Promise<MessageView> {
  return world.ok(from.engine.send({ to, text }));
}

/** Sent, and known by both to be there. */
async function delivered(world: EngineWorld, from: TestPeer, to: TestPeer, text: string): Promise<MessageView> {
  const { id } = await said(world, from, to.name, text);
  await world.until(async () =>
    (await from.chat(to.name)).some((each) => each.id === id && each.state === 'delivered'),
  );
  return (await world.settle(from.chat(to.name))).find((each) => each.id === id)!;
}

async function found(world: EngineWorld, peer: TestPeer, text: string, from?: string): Promise<readonly string[]> {
  return (await world.ok(peer.engine.search({ text, from, limit: 20 }))).map((each) => each.text);
}

/** Reads wait for writes under way, and those for the simulator's time. */
async function notes(world: EngineWorld, peer: TestPeer): Promise<readonly string[]> {
  const other = peer.name === 'bob' ? 'alice' : 'bob';
  return (await world.settle(peer.lines(other))).filter(({ kind }) => kind === 'system').map(({ text }) => text);
}
