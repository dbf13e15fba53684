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

  it('replays as new only what is in its first state, the rest as a change of state', async () => {
    const { engine } = await watching();
    await sent(engine, 'still queued');
    const gone = await sent(engine, 'delivered meanwhile');
    engine.log.push({ ...gone, state: 'delivered', change: gone.change + 1 });
    const unread = engine.message_(10_002, 'in', 'unread');
    engine.log.push({ ...engine.log.at(-1)!, state: 'read', change: engine.log.at(-1)!.change + 1 });
    const told: EventJson[] = [];
    const sink = { send: (event: EventJson) => void told.push(event), ready: async () => true, cutOff: () => {} };
    const watch = await Watch.open(engine, sink, { types: ['message', 'receipt'], since: '0' });
    if (watch.ok) await watch.value.run(true);
    const brief = told.map(({ type, data }) => ['state' in data ? data.state : '', type]);
    expect(unread).toBeDefined();
    expect(brief).toContainEqual(['queued', 'message']);
    expect(brief).toContainEqual(['delivered', 'receipt']);
    expect(brief).toContainEqual(['delivered', 'message']);
    expect(brief).toContainEqual(['read', 'receipt']);
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
  const sink = { send: (event: EventJson) => void told.push(event), ready: async () => true, cutOff: () => {} };
  const watch = await Watch.open(engine, sink, { types: ['message', 'receipt'] });
  if (!watch.ok) throw new Error(watch.error.code);
  await watch.value.run(false);
  return { engine, told };
}

async function sent(engine: FakeEngine, text: string): Promise<MessageView> {
  const result = await engine.send({ to: 'bob', text });
  if (!result.ok) throw new Error(result.error.code);
  return result.value;
}
