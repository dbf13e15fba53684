import { describe, expect, it } from 'vitest';
import { apiReference } from './api-reference.ts';
import { EVENT_TYPES } from './event-types.ts';
import { RPC_TABLE } from './rpc-table.ts';
import * as schemas from './schemas.ts';

describe('the reference of the local API (R29)', () => {
  const { methods, events, shapes } = apiReference();

  it('[R29] has every method and every event', () => {
    expect(methods.map(({ name }) => name)).toEqual(Object.keys(RPC_TABLE));
    expect(events.map(({ type }) => type).sort()).toEqual([...EVENT_TYPES].sort());
  });

  it('[R29] says of every field whether it may be left out, and what it may be', () => {
    const search = methods.find(({ name }) => name === 'message.search');
    expect(search?.params).toEqual(
      expect.arrayContaining([
        { name: 'text', optional: false, type: 'string (≤ 256)' },
        { name: 'since', optional: true, type: 'time' },
        { name: 'limit', optional: false, type: 'integer (1…500)' },
      ]),
    );
    expect(search?.result).toBe('{ items: Message[], next: string | null }');
    expect(methods.find(({ name }) => name === 'daemon.stop')?.params).toEqual([]);
  });

  it('[R29] names the shapes that answers and events are made of, each of them explained', () => {
    const text = JSON.stringify({ methods, events, shapes });
    expect(text).not.toMatch(/(?<![\\"])unknown/);
    expect(events.find(({ type }) => type === 'message')?.data).toBe('Message');
    for (const { fields } of shapes) expect(fields).not.toEqual([]);
    const known = new Set(shapes.map(({ name }) => name));
    for (const [name] of text.matchAll(/\b[A-Z][A-Za-z]+\b/g)) expect(known).toContain(name);
    expect(shapes.find(({ name }) => name === 'Message')?.fields.length).toBe(
      Object.keys(schemas.message.shape).length,
    );
  });
});
