import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeRpcMessage, parseRpcLine, type RpcMessage } from './rpc-message.ts';
import { RPC_TABLE } from './rpc-table.ts';

const samples: readonly RpcMessage[] = [
  { kind: 'call', id: 1, method: 'message.send', params: { to: 'bob', text: 'hello\u2028\u0000' } },
  { kind: 'call', id: 'a-1', method: 'status', params: {} },
  { kind: 'notification', method: 'hello', params: { schema: 1, version: '1', pid: 2 } },
  { kind: 'answer', id: 1, result: { items: [], next: null } },
  {
    kind: 'failure',
    id: 2,
    error: { code: 'SERVER_REFUSED', refusal: 'busy', retryAfterMs: 3, detail: { who: 'bob' } },
  },
  { kind: 'failure', id: null, error: { code: 'BAD_REQUEST' } },
];

describe('JSON-RPC messages of the local API', () => {
  it.each(samples)('reads back what it writes: $kind', (message) => {
    expect(parseRpcLine(text(message))).toEqual({ ok: true, value: message });
  });

  it('writes one line, whatever the text holds', () => {
    const line = text({ kind: 'call', id: 1, method: 'message.send', params: { text: 'a\nb\r\n' } });
    expect(line.indexOf('\n')).toBe(line.length - 1);
  });

  it('never throws on random lines, nor on valid ones with bytes changed', () => {
    const valid = samples.map(text);
    const mutated = fc
      .tuple(fc.constantFrom(...valid), fc.array(fc.tuple(fc.nat(), fc.string({ maxLength: 3 })), { maxLength: 4 }))
      .map(([line, changes]) =>
        changes.reduce(
          (now, [at, put]) => now.slice(0, at % now.length) + put + now.slice((at % now.length) + 1),
          line,
        ),
      );
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), mutated, mutated), (line) => {
        const parsed = parseRpcLine(line);
        if (!parsed.ok || parsed.value.kind !== 'call') return;
        for (const { params } of Object.values(RPC_TABLE)) params.safeParse(parsed.value.params);
      }),
      { numRuns: 3_000 },
    );
  });

  it('survives nesting a million deep', () => {
    expect(parseRpcLine('['.repeat(1_000_000)).ok).toBe(false);
    for (const key of ['a', '__proto__']) {
      const nested = `${`{"${key}":`.repeat(50_000)}1${'}'.repeat(50_000)}`;
      const parsed = parseRpcLine(`{"jsonrpc":"2.0","id":1,"method":"status","params":{"a":${nested}}}`);
      const params = parsed.ok && parsed.value.kind === 'call' ? parsed.value.params : undefined;
      for (const method of Object.values(RPC_TABLE)) expect(method.params.safeParse(params).success).toBe(false);
    }
  });

  it('lets no __proto__ through, however it is spelt', () => {
    const line =
      '{"jsonrpc":"2.0","id":1,"method":"status","params":{"__proto__":{"x":1},"\\u005f_proto__":{"y":1},"a":2}}';
    const parsed = parseRpcLine(line);
    const params = parsed.ok && parsed.value.kind === 'call' ? parsed.value.params : undefined;
    expect(Object.keys(params as object)).toEqual(['a']);
    expect(Object.getPrototypeOf(params)).toBe(Object.prototype);
  });

  it('takes methods from the table only, not from what every object has', () => {
    expect(Object.hasOwn(RPC_TABLE, 'constructor')).toBe(false);
    expect(RPC_TABLE.status.params.safeParse({ misspelt: true }).success).toBe(false);
  });
});

function text(message: RpcMessage): string {
  return new TextDecoder().decode(encodeRpcMessage(message));
}
