import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '@magpie/common/log.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Server } from '../server.ts';
import { callAdmin } from './admin-client.ts';
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
      value: { ok: true, result: { id: 1, reached: 3 } },
    });
    expect(server.texts).toEqual(['公告']);
    expect(await callAdmin(path, { command: 'stats' })).toMatchObject({ value: { result: { sessions: 3 } } });
  });

  it('answers a command that fails with the reason', async () => {
    expect(await callAdmin(path, { command: 'notice-send', text: 'fail' })).toMatchObject({
      value: { ok: false, error: { code: 'failed', message: 'store-failed: SQLITE_FULL' } },
    });
  });

  it.each(['', 'nonsense', '[]', '{"command":"format-disk"}', '{"command":"notice-send","text":""}'])(
    'answers the line %j with bad-request',
    async (line) => {
      expect(await answerTo(`${line}\n`)).toMatchObject({ ok: false, error: { code: 'bad-request' } });
    },
  );

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

/** As much of a server as the operator's commands touch. */
class NoticeBoard implements Server {
  readonly texts: string[] = [];

  async sendNotice(text: string) {
    if (text === 'fail') throw new Error('store-failed: SQLITE_FULL');
    return { id: this.texts.push(text), reached: 3 };
  }

  stats() {
    const nothing = { connections: 0, anonymous: 0, relayedPackets: 0, relayedBytes: 0, relayDropped: 0 };
    return { ...nothing, sessions: 3, reflected: 0, reflectIgnored: 0 };
  }

  start(): Promise<never> {
    throw new Error('not asked for');
  }

  async stop(): Promise<void> {}
}
