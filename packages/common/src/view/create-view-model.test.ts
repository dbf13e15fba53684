import { describe, expect, it } from 'vitest';
import type { MessageJson } from '../rpc/schemas.ts';
import { ROWS_KEPT_MAX, ROWS_PER_PAGE } from './limits.ts';
import { type TestFace, testFace, turn } from './test-face.ts';
import { noticeOf, OWN_ACCOUNT, rowOf, statusOf } from './test-rows.ts';
import type { ViewState } from './view-state.ts';

const BOB = '10002';
const CAROL = '10003';

describe('the lists of the view model', () => {
  it('are read as soon as the daemon answers, and followed by events', async () => {
    const face = await openFace();
    expect(face.state()).toMatchObject({ loaded: true, daemon: { state: 'open' }, account: { id: OWN_ACCOUNT } });
    const row = face.daemon.receive(BOB, { text: 'hi' });
    await face.settle();
    expect(face.state().chats.get(BOB)).toMatchObject({ last: { id: row.id }, unread: 1, firstUnread: row.id });
    expect(face.state().contacts.get(BOB)?.unread).toBe(1);
  });

  it('are asked for behind the watch, without waiting for its answer', async () => {
    const face = testFace();
    face.view.start();
    await turn();
    for (let call = 0; call < 16; call++) face.daemon.look();
    const asked = face.daemon.calls.map(({ method }) => method);
    expect(asked[0]).toBe('watch.start');
    expect(asked).toEqual(expect.arrayContaining(['status', 'contact.list', 'chat.list']));
  });

  it('show the window with the newest conversations, and have all of them soon after', async () => {
    const face = testFace();
    manyChats(face, 200);
    const shown: ViewState[] = [];
    face.view.store.subscribe((state) => shown.push(state));
    face.view.start();
    await face.settle();
    const first = shown.find(({ loaded }) => loaded)!;
    expect(first.chatsWhole).toBe(false);
    expect(first.chats.size).toBeLessThan(50);
    expect([...first.chats.keys()].slice(0, 3)).toEqual(['20199', '20198', '20197']);
    expect(shown.find(({ chatsWhole }) => chatsWhole)?.chats.size).toBe(200);
    expect(face.state().daemon.state).toBe('open');
    const before = face.state().chats;
    face.daemon.drop();
    await face.settle();
    expect(face.state().chats).toBe(before);
    expect(shown.filter(({ chatsWhole }) => chatsWhole).every(({ chats }) => chats.size === 200)).toBe(true);
  });

  it('open an older conversation at its first unread row, also before all are known', async () => {
    const face = testFace();
    face.daemon.befriend(BOB);
    const first = face.daemon.receive(BOB);
    for (let n = 0; n < 2 * ROWS_PER_PAGE; n++) face.daemon.receive(BOB);
    manyChats(face, 60);
    const dividers: (string | undefined)[] = [];
    face.view.store.subscribe(({ loaded, openChat, conversations }) => {
      if (loaded && openChat === undefined) face.view.openChat(BOB);
      const shown = conversations.get(BOB);
      if (shown && shown.rows.length > 0) dividers.push(shown.divider);
    });
    face.view.start();
    await face.settle();
    expect(new Set(dividers)).toEqual(new Set([first.id]));
    expect(face.shown(BOB)).toMatchObject({ loading: 'none', target: { id: first.id } });
  });

  it('open what was opened before all were known, also when the connection is lost in between', async () => {
    const face = testFace();
    face.daemon.befriend(BOB);
    const first = face.daemon.receive(BOB);
    manyChats(face, 60);
    let isDropped = false;
    face.view.store.subscribe(({ loaded, openChat }) => {
      if (loaded && openChat === undefined) face.view.openChat(BOB);
      if (loaded && !isDropped) queueMicrotask(() => face.daemon.drop());
      isDropped ||= loaded;
    });
    face.view.start();
    await face.settle();
    expect(isDropped).toBe(true);
    expect(face.shown(BOB)).toMatchObject({ loading: 'none', divider: first.id, rows: [{ id: first.id }] });
  });

  it('keep the identity of what did not change', async () => {
    const face = await openFace();
    const before = face.state();
    face.daemon.drop();
    await face.settle();
    const after = face.state();
    expect(after.contacts).toBe(before.contacts);
    expect(after.chats).toBe(before.chats);
    expect(after.status).toBe(before.status);
    face.daemon.befriend(BOB, { presence: 'away' });
    await face.settle();
    expect(face.state().contacts.get(CAROL)).toBe(before.contacts.get(CAROL));
    expect(face.state().chats).toBe(before.chats);
  });

  it('write all events of one piece of input as one change', async () => {
    const face = await openFace();
    let changes = 0;
    face.view.store.subscribe(() => changes++);
    for (let each = 0; each < 20; each++) face.daemon.receive(BOB);
    face.daemon.deliver(100);
    await turn();
    expect(changes).toBe(1);
  });

  it('are empty while nobody is signed in, and read again after the sign-in', async () => {
    const face = testFace();
    face.daemon.status = statusOf(null);
    for (const method of ['contact.list', 'chat.list', 'draft.list']) {
      face.daemon.failing.set(method, { code: 'NOT_SIGNED_IN' });
    }
    face.view.start();
    await face.settle();
    expect(face.state()).toMatchObject({ loaded: true, account: null, daemon: { state: 'open' } });
    face.daemon.failing.clear();
    face.daemon.status = statusOf();
    face.daemon.befriend(BOB);
    face.daemon.emit({ type: 'account', data: statusOf().account! });
    await face.settle();
    expect(face.state().account?.id).toBe(OWN_ACCOUNT);
    expect([...face.state().contacts.keys()]).toEqual([BOB]);
  });

  it('come with the first account without a new connection, so that a call that is under way is answered', async () => {
    const face = testFace();
    face.daemon.status = statusOf(null);
    for (const method of ['contact.list', 'chat.list', 'draft.list']) {
      face.daemon.failing.set(method, { code: 'NOT_SIGNED_IN' });
    }
    face.view.start();
    await face.settle();
    face.daemon.failing.clear();
    face.daemon.status = statusOf();
    face.daemon.befriend(BOB);
    const kept = face.view.call('account.recoveryKept', {});
    await turn();
    face.daemon.look(true);
    face.daemon.emit({ type: 'account', data: statusOf().account! });
    for (let each = 0; each < 6; each++) {
      face.daemon.deliver(100);
      await turn();
      for (let call = 0; call < 10; call++) face.daemon.look();
    }
    expect(face.state().account?.id).toBe(OWN_ACCOUNT);
    await face.settle();
    expect(await kept).toEqual({ ok: true, value: {} });
    expect(face.daemon.connections).toBe(1);
    expect([...face.state().contacts.keys()]).toEqual([BOB]);
    const row = face.daemon.receive(BOB);
    await face.settle();
    expect(face.state().chats.get(BOB)?.last?.id).toBe(row.id);
  });

  it('show nothing of an account once another one is signed in', async () => {
    const face = await openFace();
    face.daemon.receive(BOB);
    face.view.openChat(BOB);
    await face.settle();
    face.daemon.status = statusOf('10009');
    face.daemon.contacts.clear();
    face.daemon.rows.clear();
    face.daemon.emit({ type: 'account', data: face.daemon.status.account! });
    await face.settle();
    expect(face.state().openChat).toBeUndefined();
    expect(face.state().conversations.size).toBe(0);
    expect(face.state().contacts.size).toBe(0);
  });

  it('give up when the daemon refuses this face', async () => {
    const face = await openFace();
    face.daemon.refusal = { code: 'PAGE_CODE_SPENT' };
    face.daemon.drop();
    await face.settle();
    const { connections } = face.daemon;
    await face.settle();
    expect(face.state().daemon).toEqual({ state: 'refused', error: { code: 'PAGE_CODE_SPENT' } });
    expect(face.daemon.connections).toBe(connections);
  });

  it('come back by themselves after a loss, sooner at first', async () => {
    const face = await openFace();
    face.daemon.up = false;
    face.daemon.drop();
    await turn();
    expect(face.state().daemon).toMatchObject({ state: 'lost', attempts: 1 });
    face.clock.advance(250);
    await turn();
    expect(face.state().daemon).toMatchObject({ state: 'lost', attempts: 2 });
    face.daemon.up = true;
    await face.settle();
    expect(face.state().daemon).toEqual({ state: 'open' });
  });
});

describe('a conversation of the view model', () => {
  it('opens at its end and pages backwards to its start', async () => {
    const face = await openFace(150);
    face.view.openChat(BOB);
    await face.settle();
    expect(face.shown(BOB)).toMatchObject({ atEnd: true, atStart: false, loading: 'none' });
    expect(face.shown(BOB).rows).toHaveLength(ROWS_PER_PAGE);
    face.view.loadOlder(BOB);
    await face.settle();
    face.view.loadOlder(BOB);
    await face.settle();
    expect(face.shown(BOB)).toMatchObject({ atStart: true, atEnd: true });
    expect(face.shown(BOB).rows).toEqual(face.daemon.conversation(BOB));
  });

  it('opens where the unread messages begin, and keeps the divider until it is left', async () => {
    const face = await openFace(200);
    const unread = Array.from({ length: 100 }, () => face.daemon.receive(BOB));
    await face.settle();
    face.view.openChat(BOB);
    await face.settle();
    const divider = unread[0]!.id;
    expect(face.shown(BOB)).toMatchObject({ divider, target: { id: divider }, atEnd: false });
    expect(face.ids(BOB)).toContain(divider);
    face.view.markRead(BOB, unread[20]!.id);
    await face.settle();
    expect(face.shown(BOB).divider).toBe(divider);
    expect(face.state().contacts.get(BOB)?.unread).toBe(79);
    expect(face.state().chats.get(BOB)?.firstUnread).toBe(unread[21]!.id);
    face.view.openChat(CAROL);
    await face.settle();
    face.view.openChat(BOB);
    await face.settle();
    expect(face.shown(BOB).divider).toBe(unread[21]!.id);
  });

  it('knows its end when the unread messages are few', async () => {
    const face = await openFace(200);
    const row = face.daemon.receive(BOB);
    await face.settle();
    face.view.openChat(BOB);
    await face.settle();
    expect(face.shown(BOB)).toMatchObject({ divider: row.id, atEnd: true });
  });

  it('puts a late row at its place, and one that is not in view nowhere', async () => {
    const face = await openFace(100);
    face.view.openChat(BOB);
    await face.settle();
    const rows = face.shown(BOB).rows;
    const late = face.daemon.receive(BOB, { at: rows[10]!.at, counter: 7 });
    const early = face.daemon.receive(BOB, { at: '2020-01-01T00:00:00.000Z' });
    await face.settle();
    expect(face.ids(BOB)[11]).toBe(late.id);
    expect(face.ids(BOB)).not.toContain(early.id);
    expect(face.state().chats.get(BOB)?.last?.id).toBe(rows.at(-1)!.id);
  });

  it('keeps a bounded number of rows and gives up those far from what is looked at', async () => {
    const face = await openFace(ROWS_KEPT_MAX + 200);
    face.view.openChat(BOB);
    await face.settle();
    for (let each = 0; each < 8; each++) {
      face.view.loadOlder(BOB);
      await face.settle();
    }
    expect(face.shown(BOB).rows).toHaveLength(ROWS_KEPT_MAX);
    expect(face.shown(BOB).atEnd).toBe(false);
    const first = face.ids(BOB)[0];
    face.view.setFollowing(BOB, false);
    face.daemon.receive(BOB);
    await face.settle();
    expect(face.ids(BOB)[0]).toBe(first);
    expect(face.shown(BOB).newBelow).toBe(1);
    face.view.jumpToEnd(BOB);
    await face.settle();
    expect(face.shown(BOB)).toMatchObject({ atEnd: true, newBelow: 0 });
    expect(face.ids(BOB).at(-1)).toBe(face.daemon.conversation(BOB).at(-1)!.id);
  });

  it('shows a row of long ago with its neighbours, again when asked again', async () => {
    const face = await openFace(300);
    const old = face.daemon.conversation(BOB)[50]!;
    face.view.openChat(BOB, old.id);
    await face.settle();
    expect(face.ids(BOB)).toContain(old.id);
    const { asked } = face.shown(BOB).target!;
    face.view.openChat(BOB, old.id);
    expect(face.shown(BOB).target).toEqual({ id: old.id, asked: asked + 1 });
  });

  it('shows its end when the row to show is gone', async () => {
    const face = await openFace(100);
    face.view.openChat(BOB, 'f'.repeat(32));
    await face.settle();
    expect(face.shown(BOB)).toMatchObject({ atEnd: true, target: undefined, error: undefined });
  });

  it('loses rows that were deleted at any face, without moving', async () => {
    const face = await openFace(100);
    face.view.openChat(BOB);
    await face.settle();
    const [, gone, kept] = face.shown(BOB).rows;
    face.daemon.delete(BOB, [gone!.id]);
    await face.settle();
    expect(face.ids(BOB)).not.toContain(gone!.id);
    expect(face.shown(BOB).rows.find(({ id }) => id === kept!.id)).toBe(kept);
    await Promise.all([face.view.call('message.delete', { chat: BOB, ids: [kept!.id] }), face.settle()]);
    expect(face.ids(BOB)).not.toContain(kept!.id);
  });

  it('says why a page could not be read, and reads it when asked again', async () => {
    const face = await openFace(100);
    face.daemon.failing.set('message.list', { code: 'STORE_FAILED' });
    face.view.openChat(BOB);
    await face.settle();
    expect(face.shown(BOB)).toMatchObject({ error: { code: 'STORE_FAILED' }, loading: 'none' });
    face.daemon.failing.clear();
    face.view.jumpToEnd(BOB);
    await face.settle();
    expect(face.shown(BOB)).toMatchObject({ error: undefined, atEnd: true });
  });
});

describe('what is written at this face', () => {
  it('is shown at once and becomes the row of the same id', async () => {
    const face = await openFace();
    face.view.openChat(BOB);
    await face.settle();
    expect(face.view.send(BOB, 'hello')).toBe(true);
    const [pending] = face.shown(BOB).pending;
    expect(pending).toMatchObject({ text: 'hello', error: undefined });
    await face.settle();
    expect(face.shown(BOB).pending).toEqual([]);
    expect(face.ids(BOB).at(-1)).toBe(pending!.id);
  });

  it('shows the state that was told of, also when the answer that is older comes behind it', async () => {
    const face = await openFace();
    face.view.openChat(BOB);
    await face.settle();
    face.view.send(BOB, 'hello');
    face.daemon.look(true);
    face.daemon.keep({ ...face.daemon.conversation(BOB)[0]!, state: 'stored' });
    face.daemon.deliver(100);
    await turn();
    face.daemon.hurry();
    await face.settle();
    expect(face.shown(BOB).rows[0]?.state).toBe('stored');
    expect(face.state().chats.get(BOB)?.last?.state).toBe('stored');
  });

  it('is sent again under its id after a loss, in order, and once', async () => {
    const face = await openFace();
    face.view.openChat(BOB);
    await face.settle();
    face.view.send(BOB, 'one');
    face.view.send(BOB, 'two');
    await turn();
    face.daemon.look();
    face.daemon.drop();
    await turn();
    expect(face.shown(BOB).pending.map(({ text }) => text)).toEqual(['one', 'two']);
    face.view.send(BOB, 'three');
    await face.settle();
    expect(face.daemon.conversation(BOB).map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    expect(face.shown(BOB).rows.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    expect(face.shown(BOB).pending).toEqual([]);
  });

  it('stays with the reason when the daemon says no, until it is sent again or dropped', async () => {
    const face = await openFace();
    face.view.openChat(BOB);
    await face.settle();
    face.daemon.failing.set('message.send', { code: 'NOT_FRIENDS' });
    face.view.send(BOB, 'one');
    face.view.send(BOB, 'two');
    await face.settle();
    const [one, two] = face.shown(BOB).pending;
    expect([one, two]).toMatchObject([{ error: { code: 'NOT_FRIENDS' } }, { error: { code: 'NOT_FRIENDS' } }]);
    face.view.dropPending(BOB, one!.id);
    face.daemon.failing.clear();
    face.view.sendAgain(BOB, two!.id);
    await face.settle();
    expect(face.shown(BOB).pending).toEqual([]);
    expect(face.daemon.conversation(BOB).map(({ id }) => id)).toEqual([two!.id]);
  });

  it('is a draft a moment after the last key, and the one of another face only while none is newer here', async () => {
    const face = await openFace();
    face.view.setDraft(BOB, 'h', undefined);
    face.daemon.emit({ type: 'draft', data: { chat: BOB, text: 'other', replyTo: null, at: face.daemon.tick() } });
    face.daemon.deliver();
    await turn();
    expect(face.state().drafts.get(BOB)?.text).toBe('h');
    expect(face.daemon.drafts.size).toBe(0);
    await face.settle();
    expect(face.daemon.drafts.get(BOB)?.text).toBe('h');
    face.daemon.emit({ type: 'draft', data: { chat: BOB, text: 'later', replyTo: null, at: face.daemon.tick() } });
    await face.settle();
    expect(face.state().drafts.get(BOB)?.text).toBe('later');
  });

  it('keeps the draft at the daemon until the message is there', async () => {
    const face = await openFace();
    face.view.setDraft(BOB, 'hello', undefined);
    await face.settle();
    face.daemon.failing.set('message.send', { code: 'STORE_FAILED' });
    face.view.openChat(BOB);
    face.view.send(BOB, 'hello');
    expect(face.state().drafts.has(BOB)).toBe(false);
    await face.settle();
    expect(face.daemon.drafts.get(BOB)?.text).toBe('hello');
    face.daemon.failing.clear();
    face.view.sendAgain(BOB, face.shown(BOB).pending[0]!.id);
    await face.settle();
    expect(face.daemon.drafts.has(BOB)).toBe(false);
  });

  it('would be lost with the face while the daemon is away, or when the daemon did not take it', async () => {
    const face = await openFace();
    face.view.setDraft(BOB, 'typed', undefined);
    expect(face.view.wouldLose()).toBe(false);
    face.daemon.drop();
    expect(face.view.wouldLose()).toBe(true);
    await face.settle();
    expect(face.view.wouldLose()).toBe(false);
    face.daemon.failing.set('message.send', { code: 'STORE_FAILED' });
    face.view.openChat(BOB);
    face.view.send(BOB, 'typed');
    await face.settle();
    expect(face.view.wouldLose()).toBe(true);
    face.daemon.failing.clear();
    face.view.sendAgain(BOB, face.shown(BOB).pending[0]!.id);
    await face.settle();
    expect(face.view.wouldLose()).toBe(false);
  });

  it('keeps a draft that was typed while nobody answered', async () => {
    const face = await openFace();
    face.daemon.drop();
    face.view.setDraft(BOB, 'typed meanwhile', undefined);
    face.view.flushDrafts();
    await face.settle();
    expect(face.daemon.drafts.get(BOB)?.text).toBe('typed meanwhile');
    expect(face.state().drafts.get(BOB)?.text).toBe('typed meanwhile');
  });
});

describe('typing', () => {
  it('is told every few seconds, once when the text is emptied, and anew after a message', async () => {
    const face = await openFace();
    face.view.noteTyping(BOB, false);
    face.view.noteTyping(BOB, true);
    face.view.noteTyping(BOB, true);
    face.view.noteTyping(BOB, false);
    face.view.noteTyping(BOB, false);
    face.view.noteTyping(BOB, true);
    face.view.send(BOB, 'sent');
    face.view.noteTyping(BOB, true);
    await face.settle();
    const told = face.daemon.calls.filter(({ method }) => method === 'message.typing');
    expect(told.map(({ params }) => params.active)).toEqual([true, false, true, true]);
  });
});

describe('how far was read', () => {
  it('never goes back and is told in one call at a time', async () => {
    const face = await openFace();
    const rows = Array.from({ length: 5 }, () => face.daemon.receive(BOB));
    face.view.openChat(BOB);
    await face.settle();
    face.view.markRead(BOB, rows[1]!.id);
    face.view.markRead(BOB, rows[2]!.id);
    face.view.markRead(BOB, rows[3]!.id);
    await face.settle();
    face.view.markRead(BOB, rows[0]!.id);
    await face.settle();
    const told = face.daemon.calls.filter(({ method }) => method === 'message.markRead');
    expect(told.map(({ params }) => params.upTo)).toEqual([rows[1]!.id, rows[3]!.id]);
    expect(face.state().chats.get(BOB)).toMatchObject({ unread: 1, firstUnread: rows[4]!.id });
  });

  it('includes a row that came late, before the ones that were read', async () => {
    const face = await openFace();
    const row = face.daemon.receive(BOB);
    face.view.openChat(BOB);
    await face.settle();
    face.view.markRead(BOB, row.id);
    await face.settle();
    const late = face.daemon.receive(BOB, { at: '2020-01-01T00:00:00.000Z' });
    await face.settle();
    face.view.markRead(BOB, late.id);
    await face.settle();
    expect(face.state().contacts.get(BOB)?.unread).toBe(0);
  });
});

describe('what is worth a sound', () => {
  it('is told once, also when it came while the connection was away', async () => {
    const face = await openFace();
    face.daemon.receive(BOB, { text: 'one' });
    await face.settle();
    face.daemon.drop();
    face.daemon.receive(BOB, { kind: 'nudge', text: '' });
    face.daemon.befriend('10005', { state: 'asking', text: 'please' });
    face.daemon.notices = [noticeOf(1)];
    await face.settle();
    face.daemon.drop();
    await face.settle();
    expect(face.happenings.map(({ type }) => type).sort()).toEqual(['message', 'notice', 'nudge', 'request']);
  });

  it('is nothing that was there before, or was read elsewhere', async () => {
    const face = testFace();
    face.daemon.befriend(BOB, { state: 'asking' });
    face.daemon.notices = [noticeOf(1)];
    face.daemon.receive(BOB);
    face.view.start();
    await face.settle();
    face.daemon.receive(BOB, { state: 'read' });
    face.daemon.receive(BOB, { kind: 'system', text: 'friends', direction: 'in' });
    await face.settle();
    expect(face.happenings).toEqual([]);
  });
});

describe('a daemon whose profile was restored', () => {
  it('is read anew: rows that it does not have are not shown any more', async () => {
    const face = await openFace(20);
    const { change } = face.daemon;
    face.daemon.receive(BOB);
    face.view.openChat(BOB);
    await face.settle();
    face.daemon.restore(change);
    face.daemon.drop();
    await face.settle();
    expect(face.shown(BOB).rows).toEqual(face.daemon.conversation(BOB));
  });
});

/** Each with one message, the last one newest. */
function manyChats(face: TestFace, count: number): void {
  for (let n = 0; n < count; n++) {
    face.daemon.befriend(String(20_000 + n));
    face.daemon.receive(String(20_000 + n));
  }
}

/** Two friends, and so many messages with the first that were read. */
async function openFace(rows = 0): Promise<TestFace> {
  const face = testFace();
  face.daemon.befriend(BOB);
  face.daemon.befriend(CAROL, { name: 'carol', displayName: 'Carol' });
  for (let each = 0; each < rows; each++) face.daemon.keep(readRow());
  face.view.start();
  await face.settle();
  return face;
}

function readRow(): MessageJson {
  return rowOf({ chat: BOB, from: BOB, state: 'read' });
}
