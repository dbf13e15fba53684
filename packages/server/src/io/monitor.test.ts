import { connect } from 'node:net';
import { ok } from '@magpie/common/result.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Server } from '../server.ts';
import { MemoryStore } from '../store/memory-store.ts';
import type { Store } from '../store/store.ts';
import { Metrics } from './metrics.ts';
import { type Monitor, openMonitor } from './monitor.ts';

describe('the monitor', () => {
  let monitor: Monitor;
  let metrics: Metrics;
  let isServing: boolean;
  let askStore: () => Promise<unknown>;

  beforeEach(async () => {
    isServing = true;
    askStore = () => Promise.resolve(0);
    metrics = new Metrics();
    metrics.watch(counted, () => !isServing);
    const ports = { metrics, isServing: () => isServing, askStore: () => askStore() };
    monitor = await openMonitor({ address: '127.0.0.1', port: 0 }, ports);
  });

  afterEach(() => monitor.close());

  it('is healthy while the event loop is in time', async () => {
    expect(await get('/healthz')).toEqual({ status: 200, text: 'ok\n' });
  });

  it('is not healthy when the event loop was late by seconds', async () => {
    const until = performance.now() + 2_700;
    while (performance.now() < until) Math.sqrt(until);
    expect((await get('/healthz')).status).toBe(503);
  });

  it('is ready while the server serves and the store answers', async () => {
    expect((await get('/readyz')).status).toBe(200);
    isServing = false;
    expect(await get('/readyz')).toEqual({ status: 503, text: 'stopping\n' });
    isServing = true;
    askStore = () => Promise.reject(new Error('disk'));
    expect(await get('/readyz')).toEqual({ status: 503, text: 'store does not answer\n' });
    askStore = () => new Promise(() => {});
    expect((await get('/readyz')).status).toBe(503);
  });

  it('tells what the server counts, in the form that Prometheus reads', async () => {
    const { text } = await get('/metrics');
    expect(text).toContain('\nmagpie_sessions 3\n');
    expect(text).toContain('\nmagpie_relayed_packets_total 12\n');
    expect(text).toContain('\nmagpie_logins_total{method="resume",result="accepted"} 7\n');
    expect(text).toContain('\nmagpie_accounts 2\n');
    expect(text).toContain('\nmagpie_draining 0\n');
    expect(text).toMatch(/\nprocess_resident_memory_bytes [0-9]+\n/);
    expect((await get('/metrics')).text).toContain('\nmagpie_relayed_packets_total 12\n');
  });

  it('times the calls of the store by operation, and counts those that fail', async () => {
    const store = metrics.timed(new MemoryStore());
    expect(await store.latestNoticeId()).toBe(0);
    const broken = metrics.timed({ roster: () => Promise.reject(new Error('disk')) } as unknown as Store);
    await expect(broken.roster(10_001 as never, 0)).rejects.toThrow('disk');
    const { text } = await get('/metrics');
    expect(text).toContain('magpie_store_seconds_count{op="latestNoticeId"} 1');
    expect(text).toContain('magpie_store_failures_total{op="roster"} 1');
    expect(text).toContain('\nmagpie_store_calls_waiting 0\n');
  });

  it('[R24] labels nothing with an account, a number or an address', async () => {
    const store = metrics.timed(new MemoryStore());
    await store.addAccount({ name: 'alice', displayName: 'Alice', passwordHash: '$', createdAt: 0 } as never);
    await store.accountByName('alice' as never);
    await store.accountByNumber(10_001 as never);
    const { text } = await get('/metrics');
    const ours = text.split('\n').filter((line) => line.startsWith('magpie_'));
    const labels = ours.flatMap((line) => [...line.matchAll(/([a-z_]+)="([^"]*)"/g)]);
    expect(labels.length).toBeGreaterThan(10);
    for (const [, name, value] of labels) {
      expect(['op', 'le', 'method', 'result']).toContain(name);
      if (name !== 'le') expect(value).toMatch(/^[a-zA-Z-]+$/);
    }
    expect(text).not.toMatch(/alice|10001|127\.0\.0\.1/);
  });

  it.each([
    ['/', 404],
    ['/metrics/', 404],
    ['/../etc/passwd', 404],
    ['/__proto__', 404],
    ['/healthz?verbose', 200],
  ])('answers %s with %i', async (path, status) => {
    expect((await get(path)).status).toBe(status);
  });

  it('answers HEAD without a body, and refuses every other method', async () => {
    const head = await fetch(urlOf('/healthz'), { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const refused = await fetch(urlOf('/metrics'), { method });
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    }
  });

  it('cuts off a head that is too long', async () => {
    const answer = await raw(`GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(64 * 1024)}\r\n\r\n`);
    expect(answer).not.toContain('200 OK');
  });

  async function get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(urlOf(path));
    return { status: answer.status, text: await answer.text() };
  }

  function urlOf(path: string): string {
    return `http://127.0.0.1:${monitor.local.port}${path}`;
  }

  function raw(text: string): Promise<string> {
    return new Promise((resolve) => {
      let received = '';
      const socket = connect(monitor.local.port, '127.0.0.1', () => socket.write(text));
      socket.on('data', (bytes) => {
        received += String(bytes);
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(received));
    });
  }
});

const none = { accepted: 0, refused: 0 };

/** As much of a server as metrics read. */
const counted = {
  stats: () => ({
    ...{ connections: 5, anonymous: 2, proved: 0, sessions: 3, relayedPackets: 12, relayedBytes: 900, relayDropped: 1 },
    ...{ reflected: 4, reflectIgnored: 0 },
    logins: {
      ...{ register: none, login: none, resume: { accepted: 7, refused: 1 } },
      ...{ recover: none, enroll: none, 'approval-ask': none },
    },
  }),
  counts: async () => ({
    accounts: 2,
    locked: 0,
    deleted: 0,
    devices: 4,
    friendships: 1,
    notices: 0,
    invites: 0,
    mails: 0,
    mailBytes: 0,
  }),
  users: ok(undefined),
} as unknown as Server;
