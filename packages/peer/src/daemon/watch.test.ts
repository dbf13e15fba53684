import type { EventJson } from '@magpie/common/rpc/schemas.ts';
import { describe, expect, it } from 'vitest';
import type { MessageView } from '../engine/engine.ts';
import { FakeEngine } from './test-fake-engine.ts';
import { Watch } from './watch.ts';

describe('the event stream of one client', () => {
  it('tells a change that comes after a newer one, for one sync may hold both', async () => {
    const { engine, told } = await watching();
    const [first, second] = [await sent(engine, 'first'), await sent(engine, 'second')];
    told.length = 0;
    engine.emit({ type: 'message', message: { ...second, change: 12 }, isNew: true });
    engine.emit({ type: 'message', message: { ...first, state: 'delivered', change: 11 }, isNew: false });
    expect(told.map((event) => [event.type, event.cursor])).toEqual([
      ['message', '12'],
      ['receipt', '12'],
    ]);
  });

  it('replays as new what appeared after the cursor, whatever became of it, and the rest as changed', async () => {
    const { engine } = await watching();
    const old = await sent(engine, 'seen before, delivered meanwhile');
    const delivered = await sent(engine, 'new, and delivered already');
    engine.change(delivered, { state: 'delivered' });
    engine.message_(10_002, 'in', 'new and unread');
    engine.change(old, { state: 'delivered' });
    const told = await replayed(engine, String(old.born));
    expect(told.map(({ type, data }) => [type, 'state' in data && data.state, 'text' in data && data.text])).toEqual([
      ['message', 'delivered', 'new, and delivered already'],
      ['message', 'delivered', 'new and unread'],
      ['receipt', 'delivered', 'seen before, delivered meanwhile'],
    ]);
  });

  it('shows no row that a conversation shows on others only', async () => {
    const { engine, told } = await watching();
    for (const kind of ['edit', 'recall', 'reaction', 'void'] as const) {
      engine.message_(10_002, 'in', 'hidden', undefined, kind);
    }
    engine.message_(10_002, 'in', '', undefined, 'nudge');
    expect(told.map((event) => 'kind' in event.data && event.data.kind)).toEqual(['nudge']);
    expect((await replayed(engine, '0')).map((event) => 'kind' in event.data && event.data.kind)).toEqual(['nudge']);
  });

  it('tells what happens to a watcher whose cursor is from a newer life of the profile', async () => {
    const { engine } = await watching();
    await sent(engine, 'old');
    const told: EventJson[] = [];
    const watch = await Watch.open(engine, sinkOf(told), { since: '9000', types: ['message', 'receipt'] });
    if (!watch.ok) throw new Error(watch.error.code);
    expect(watch.value.cursor).toBe('1');
    await watch.value.run(true);
    await sent(engine, 'after the restore');
    expect(told.map(({ data }) => 'text' in data && data.text)).toEqual(['after the restore']);
  });

  it('tells typing and drafts, of one chat when asked', async () => {
    const { engine } = await watching();
    const told: EventJson[] = [];
    const watch = await Watch.open(engine, sinkOf(told), { chat: 'bob' });
    if (!watch.ok) throw new Error(watch.error.code);
    await watch.value.run(false);
    const bob = engine.people.get('bob')!.account;
    engine.emit({ type: 'typing', account: bob, active: true });
    engine.emit({ type: 'typing', account: 10_077 as never, active: true });
    await engine.setDraft('bob', 'half a thought');
    expect(told.map(({ type, data }) => ({ type, data }))).toEqual([
      { type: 'typing', data: { id: '10009', active: true } },
      { type: 'draft', data: { chat: '10009', text: 'half a thought', replyTo: null, at: '2025-10-09T08:53:20.000Z' } },
    ]);
  });
});

async function watching() {
  const engine = new FakeEngine();
  await engine.register({
    server: 'host:1#PIN',
    trustFirst: true,
    name: 'alice',
    displayName: 'Alice',
    password: 'seven quiet magpies',
  });
  await engine.addContact('bob', '');
  const told: EventJson[] = [];
  const watch = await Watch.open(engine, sinkOf(told), { types: ['message', 'receipt'] });
  if (!watch.ok) throw new Error(watch.error.code);
  await watch.value.run(false);
  return { engine, told };
}

async function sent(engine: FakeEngine, text: string): Promise<MessageView> {
  const result = await engine.send({ to: 'bob', text });
  if (!result.ok) throw new Error(result.error.code);
  return result.value;
}

async function replayed(engine: FakeEngine, since: string): Promise<readonly EventJson[]> {
  const told: EventJson[] = [];
  const watch = await Watch.open(engine, sinkOf(told), { types: ['message', 'receipt'], since });
  if (!watch.ok) throw new Error(watch.error.code);
  await watch.value.run(true);
  return told;
}

function sinkOf(told: EventJson[]) {
  return { send: (event: EventJson) => void told.push(event), ready: async () => true, cutOff: () => {} };
}
