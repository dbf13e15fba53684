import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pin } from '@magpie/common/channel/pin.ts';
import type { AccountName, AccountNumber } from '@magpie/common/ids.ts';
import { parseInvitation } from '@magpie/common/invitation.ts';
import { silentLog } from '@magpie/common/log.ts';
import { err, ok } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UserAdmin } from '../accounts/user-admin.ts';
import { DEFAULT_LIMITS } from '../limits.ts';
import { refusal } from '../refusal.ts';
import type { Server } from '../server.ts';
import type { AccountSummary } from '../store/store.ts';
import { AdminClient, callAdmin } from './admin-client.ts';
import type { AdminHost } from './admin-commands.ts';
import { adminPathOf } from './admin-path.ts';
import { ADMIN_LINE_BYTES_MAX } from './admin-protocol.ts';
import { openAdminSocket } from './admin-socket.ts';

describe('the admin socket', () => {
  let folder: string;
  let path: string;
  let socket: { close(): Promise<void> };
  let server: NoticeBoard;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'magpie-admin-'));
    path = adminPathOf(folder);
    server = new NoticeBoard();
    // What a killed server leaves behind is no obstacle.
    writeFileSync(path, '');
    socket = await openAdminSocket(path, server, silentLog);
  });

  afterEach(async () => {
    await socket.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is open to its own user only', () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('passes commands to the server and answers with the result', async () => {
    expect(await callAdmin(path, { command: 'notice-send', text: '公告' })).toEqual({
      ok: true,
      value: { ok: true, value: { id: 1, reached: 3 } },
    });
    expect(server.texts).toEqual(['公告']);
    expect(await callAdmin(path, { command: 'stats' })).toMatchObject({
      value: {
        value: { now: { sessions: 3 }, logins: { resume: { accepted: 7 } }, stored: { accounts: 2 }, pid: process.pid },
      },
    });
  });

  it('shows accounts with their times in words, and never with a key', async () => {
    const listing = await callAdmin(path, { command: 'user-list', after: 7, limit: 5, text: 'ali' });
    expect(listing).toEqual({ ok: true, value: { ok: true, value: { accounts: [ALICE_JSON] } } });
    expect(server.asked).toEqual([['list', 7, 5, 'ali']]);
    expect(await callAdmin(path, { command: 'user-lock', who: 'alice' })).toMatchObject({
      value: { value: { account: { state: 'locked' } } },
    });
  });

  it('passes a refusal on, with the time to wait', async () => {
    expect(await callAdmin(path, { command: 'user-show', who: 'bob' })).toEqual({
      ok: true,
      value: { ok: false, error: { code: 'not-found', message: 'no such account' } },
    });
    const request = { command: 'user-add', name: 'bob', displayName: 'Bob', password: 'x' } as const;
    expect(await callAdmin(path, request)).toMatchObject({
      value: { ok: false, error: { code: 'busy', retryAfterMs: 1_500 } },
    });
    expect(await callAdmin(path, { command: 'snapshot' })).toMatchObject({ value: { error: { code: 'busy' } } });
  });

  it('makes a link of an invitation that clients can read', async () => {
    const made = await callAdmin(path, { command: 'user-invite', uses: 2, validMs: 60_000 });
    const link = made.ok && made.value.ok ? made.value.value.link : '';
    expect(parseInvitation(link)).toEqual({ kind: 'join', server: server.address, invite: 'abcd-efgh' });
  });

  it('marks the limits that are not the default', async () => {
    const shown = await callAdmin(path, { command: 'limits' });
    const found = shown.ok && shown.value.ok ? shown.value.value.limits : [];
    expect(found).toHaveLength(Object.keys(DEFAULT_LIMITS).length);
    expect(found.filter(({ changed }) => changed)).toEqual([
      { key: 'limits.lookups_per_hour', value: 7, default: DEFAULT_LIMITS.lookupsPerHour, changed: true },
    ]);
  });

  it('shows who did what', async () => {
    expect(await callAdmin(path, { command: 'audit', before: 0, limit: 10 })).toMatchObject({
      value: {
        value: {
          entries: [
            { id: 9, actor: 'operator', action: 'user-lock', subject: 10_001 },
            { id: 8, actor: 10_001, action: 'password-change', subject: null },
          ],
        },
      },
    });
  });

  it('asks for the end once it has answered', async () => {
    expect(await callAdmin(path, { command: 'stop', drainPerSecond: 5 })).toMatchObject({
      value: { value: { pid: process.pid, withinSeconds: 11 } },
    });
    expect(server.asked).toEqual([
      ['note', 'server-stop'],
      ['stop', 5],
    ]);
  });

  it('answers several commands of one connection, each in turn', async () => {
    const client = await AdminClient.open(path);
    if (!client.ok) throw new Error(client.error);
    for (const id of [1, 2, 3]) {
      expect(await client.value.call({ command: 'notice-send', text: 'hello' })).toMatchObject({
        value: { value: { id } },
      });
    }
    client.value.close();
    expect(await client.value.call({ command: 'stats' })).toEqual({ ok: false, error: 'no-answer' });
  });

  it('answers a command that fails with the reason', async () => {
    expect(await callAdmin(path, { command: 'notice-send', text: 'fail' })).toMatchObject({
      value: { error: { code: 'failed', message: 'store-failed: SQLITE_FULL' } },
    });
  });

  it.each([
    ...['', 'nonsense', '[]', '{"command":"format-disk"}', '{"command":"notice-send","text":""}'],
    ...['{"command":"user-show"}', '{"command":"user-show","who":""}', '{"command":"stats","extra":1}'],
    '{"command":"user-list","after":0,"limit":100000,"text":""}',
    '{"command":"user-invite","uses":1,"validMs":1}',
    '{"command":"stop","drainPerSecond":0}',
  ])('answers the line %j with bad-request', async (line) => {
    expect(await answerTo(`${line}\n`)).toMatchObject({ ok: false, error: { code: 'bad-request' } });
  });

  it('ends a connection whose line does not end', async () => {
    expect(await answerTo('x'.repeat(ADMIN_LINE_BYTES_MAX + 1))).toMatchObject({ error: { code: 'too-large' } });
  });

  it('tells a client that nobody listens', async () => {
    await socket.close();
    expect(await callAdmin(path, { command: 'stats' })).toEqual({ ok: false, error: 'not-running' });
  });

  it.each([
    ['a folder lies in its place', () => mkdirSync(join(folder, 'taken')), 'taken', 'unreadable'],
    [
      'a file lies where its folder should be',
      () => writeFileSync(join(folder, 'file'), ''),
      'file/admin.sock',
      'unreadable',
    ],
    ['others may enter its folder', () => mkdirSync(join(folder, 'open')), 'open/admin.sock', 'socket-path'],
    ['its path is too long for a socket', () => {}, `${'x'.repeat(120)}.sock`, 'unreadable'],
  ])('gives a reason, not a stack trace, when %s', async (_why, prepare, name, code) => {
    prepare();
    await expect(openAdminSocket(join(folder, name), server, silentLog)).rejects.toMatchObject({
      name: 'StartError',
      code,
    });
  });

  it('finds a short path for a long data folder', () => {
    expect(Buffer.byteLength(adminPathOf(`/srv/${'very-long/'.repeat(20)}`))).toBeLessThan(100);
  });

  function answerTo(text: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const client = connect(path, () => client.write(text));
      client.on('error', reject);
      client.once('data', (bytes) => {
        client.destroy();
        resolve(JSON.parse(String(bytes)));
      });
    });
  }
});

const none = { accepted: 0, refused: 0 };
const LOGINS = {
  ...{ register: none, login: none, resume: { accepted: 7, refused: 1 } },
  ...{ recover: none, enroll: none, 'approval-ask': none },
};
const limits = { ...DEFAULT_LIMITS, lookupsPerHour: 7 };

/** As much of a server as the operator's commands touch. */
class NoticeBoard implements AdminHost {
  readonly texts: string[] = [];
  readonly asked: unknown[] = [];
  readonly registration = 'invite';
  readonly address = { host: 'chat.example', port: 10_000, pin: 'a'.repeat(26) as Pin };

  readonly server: Server = {
    users: this.#users(),
    limits,
    sendNotice: async (text) => {
      if (text === 'fail') throw new Error('store-failed: SQLITE_FULL');
      return { id: this.texts.push(text), reached: 3 };
    },
    stats: () => {
      const nothing = { connections: 0, anonymous: 0, proved: 0, relayedPackets: 0, relayedBytes: 0, relayDropped: 0 };
      const mails = { mailsPut: 0, mailsPushed: 0, mailsRefused: 0 };
      return { ...nothing, ...mails, sessions: 3, reflected: 0, reflectIgnored: 0, logins: LOGINS };
    },
    counts: async () => ({
      ...{ accounts: 2, locked: 1, deleted: 0, devices: 4, friendships: 1, notices: 0, invites: 0 },
      ...{ mails: 5, mailBytes: 900 },
    }),
    start: () => Promise.reject(new Error('not asked for')),
    stop: async () => {},
  };

  isStopping(): boolean {
    return false;
  }

  async snapshot(): ReturnType<AdminHost['snapshot']> {
    return err('busy');
  }

  requestStop(drainPerSecond: number | undefined): number {
    this.asked.push(['stop', drainPerSecond]);
    return 11;
  }

  #users(): UserAdmin {
    const ofWho = async (who: string) => (who === 'alice' ? ok(ALICE) : err(refusal('not-found', 'no such account')));
    return {
      list: async ({ after, limit, text }) => {
        this.asked.push(['list', after, limit, text]);
        return [ALICE];
      },
      show: ofWho,
      lock: async () => ok({ ...ALICE, state: 'locked' }),
      unlock: ofWho,
      add: async (input) => {
        this.asked.push(['add', input.name, input.displayName]);
        return err(refusal('busy', 'too many passwords', 1_500));
      },
      setPassword: ofWho,
      delete: async () => ok({ account: ALICE.account, name: 'alice' }),
      invite: async () => ok({ code: 'abcd-efgh', expiresAt: 86_400_000 as WallMs }),
      invites: async () => [{ usesLeft: 2, createdAt: 0 as WallMs, expiresAt: 60_000 as WallMs }],
      note: async (action) => {
        this.asked.push(['note', action]);
      },
      audit: async () => [
        { id: 9, at: 1_000 as WallMs, actor: 'operator', action: 'user-lock', subject: ALICE.account, detail: '' },
        { id: 8, at: 0 as WallMs, actor: ALICE.account, action: 'password-change', subject: undefined, detail: 'x' },
      ],
    };
  }
}

const ALICE: AccountSummary = {
  account: 10_001 as AccountNumber,
  name: 'alice' as AccountName,
  displayName: '爱丽丝',
  state: 'active',
  createdAt: 1_000 as WallMs,
  lastLoginAt: 0 as WallMs,
  devices: 2,
};
const ALICE_JSON = {
  ...{ number: 10_001, name: 'alice', displayName: '爱丽丝', state: 'active', devices: 2 },
  ...{ createdAt: '1970-01-01T00:00:01.000Z', lastLoginAt: null },
};
