import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { Pin } from '@magpie/common/channel/pin.ts';
import type { AccountName, AccountNumber } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import { err, ok } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { UserAdmin } from '../accounts/user-admin.ts';
import type { AdminHost } from '../admin/admin-commands.ts';
import { adminPathOf } from '../admin/admin-path.ts';
import { ADMIN_PAGE_MAX } from '../admin/admin-protocol.ts';
import { openAdminSocket } from '../admin/admin-socket.ts';
import { refusal } from '../refusal.ts';
import type { Server } from '../server.ts';
import type { AccountSummary } from '../store/store.ts';
import { runProgram } from './program.ts';

describe('the commands for accounts', () => {
  let folder: string;
  let book: AccountBook;
  let socket: { close(): Promise<void> };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'magpie-users-'));
    book = new AccountBook();
    const server = { users: book as unknown as UserAdmin } as Server;
    const address = { host: 'chat.example', port: 10_000, pin: 'a'.repeat(26) as Pin };
    const host = { server, address, registration: 'closed' } as AdminHost;
    socket = await openAdminSocket(adminPathOf(folder), host, silentLog);
  });

  afterEach(async () => {
    await socket.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('list every page of a large server', async () => {
    for (let number = 1; number <= 2 * ADMIN_PAGE_MAX + 3; number++) book.put(`user_${number}`);
    const { stdout } = await run('user', 'list', '--json');
    const { accounts } = JSON.parse(stdout) as { readonly accounts: readonly { readonly name: string }[] };
    expect(accounts.map(({ name }) => name)).toEqual([...book.names()]);
  });

  it('ask for a new password twice, and change nothing when the two differ', async () => {
    book.put('alice');
    const differing = await typing(['seven quiet magpies\r', 'seven quiet magpie\r'], 'user', 'passwd', 'alice');
    expect(differing).toMatchObject({ exit: 2, stderr: expect.stringContaining('The two passwords differ.') });
    expect(book.passwords).toEqual({});
    const same = await typing(['seven quiet magpies\r', 'seven quiet magpies\r'], 'user', 'passwd', 'alice');
    expect(same.exit).toBe(0);
    expect(book.passwords).toEqual({ alice: 'seven quiet magpies' });
    expect(same.stdout + same.stderr).not.toContain('seven');
  });

  it('delete only when the name is typed', async () => {
    book.put('alice');
    expect(await typing(['bob\n'], 'user', 'delete', 'alice')).toMatchObject({ exit: 130 });
    expect([...book.names()]).toEqual(['alice']);
    expect(await typing(['alice\n'], 'user', 'delete', 'alice')).toMatchObject({ exit: 0 });
    expect([...book.names()]).toEqual([]);
  });

  it('leave no generated password behind that no account has', async () => {
    book.put('alice');
    const out = join(folder, 'out.csv');
    const taken = await run('user', 'add', 'alice', '--generate', '--passwords-out', out);
    expect(taken.exit).toBe(6);
    expect(existsSync(out)).toBe(false);
    expect((await run('user', 'add', 'bob', '--generate', '--passwords-out', out)).exit).toBe(0);
    expect(readFileSync(out, 'utf8')).toBe(`name,password\nbob,${book.passwords.bob}\n`);
  });

  it('wait for a server that is busy, and make accounts in the order of the list', async () => {
    book.busyTimes = 2;
    const csv = join(folder, 'class.csv');
    writeFileSync(csv, 'carol\nalice\nbob\n');
    const { exit, stdout } = await run('user', 'add', '--from-csv', csv, '--json');
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      added: 3,
      passwordsFile: join(folder, 'class.passwords.csv'),
    });
    expect([...book.names()]).toEqual(['carol', 'alice', 'bob']);
  });

  it('tell a row of an earlier run from a name that somebody else has', async () => {
    book.put('alice', 'Alice');
    book.put('bob', 'Robert');
    const csv = join(folder, 'class.csv');
    writeFileSync(csv, 'alice,Alice,\nbob,Bob,\n');
    const { exit, stdout } = await run('user', 'add', '--from-csv', csv, '--json');
    expect(exit).toBe(9);
    expect(JSON.parse(stdout)).toMatchObject({
      rows: [{ status: 'exists' }, { status: 'refused', code: 'name-taken' }],
      passwordsFile: null,
    });
    expect(readdirSync(folder)).not.toContain('class.passwords.csv');
  });

  it('warn that an invitation is of no use while registration is closed', async () => {
    const made = await run('user', 'invite', '--uses', '3');
    expect(made).toMatchObject({ exit: 0, stderr: expect.stringContaining('Registration is closed') });
    expect(made.stdout).toContain('\nmagpie://chat.example:10000/join?pin=');
  });

  function run(...words: readonly string[]) {
    return typing([], ...words);
  }

  /** Types each answer once a question stands there. */
  async function typing(answers: readonly string[], ...words: readonly string[]) {
    const written = { stdout: '', stderr: '' };
    const left = [...answers];
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
    const exit = await runProgram([...words, '--data', folder], {
      env: {},
      pid: 1,
      stdin,
      stdout: { write: (text) => (written.stdout += text) },
      stderr: {
        write: (text) => {
          written.stderr += text;
          if (text.endsWith(': ')) setImmediate(() => stdin.write(left.shift() ?? '\u0003'));
        },
      },
      stopRequested: () => Promise.resolve(),
      endAfter: () => {},
      startServer: () => Promise.reject(new Error('not asked for')),
      openLog: () => silentLog,
    });
    return { exit, ...written };
  }
});

/** Accounts in a map; as much of their administration as the commands need. */
class AccountBook implements Partial<UserAdmin> {
  readonly passwords: Record<string, string> = {};
  /** So many additions are refused as busy first. */
  busyTimes = 0;
  readonly #accounts = new Map<string, AccountSummary>();

  put(name: string, displayName = name): AccountSummary {
    const account = (10_001 + this.#accounts.size) as AccountNumber;
    const times = { createdAt: 0 as WallMs, lastLoginAt: 0 as WallMs };
    const made = { account, name: name as AccountName, displayName, state: 'active', devices: 0, ...times } as const;
    this.#accounts.set(name, made);
    return made;
  }

  names(): Iterable<string> {
    return this.#accounts.keys();
  }

  list: UserAdmin['list'] = async ({ after, limit }) => {
    return [...this.#accounts.values()].filter(({ account }) => account > after).slice(0, limit);
  };

  show: UserAdmin['show'] = async (who) => this.#found(who);

  add: UserAdmin['add'] = async ({ name, displayName, password }) => {
    if (this.busyTimes-- > 0) return err(refusal('busy', 'passwords wait', 10));
    if (this.#accounts.has(name)) return err(refusal('name-taken'));
    this.passwords[name] = password;
    return ok(this.put(name, displayName));
  };

  setPassword: UserAdmin['setPassword'] = async (who, password) => {
    this.passwords[who] = password;
    return this.#found(who);
  };

  delete: UserAdmin['delete'] = async (who) => {
    const found = this.#found(who);
    this.#accounts.delete(who);
    return found;
  };

  invite: UserAdmin['invite'] = async () => ok({ code: 'abcd-efgh', expiresAt: 86_400_000 as WallMs });

  #found(who: string) {
    const account = this.#accounts.get(who);
    return account ? ok(account) : err(refusal('not-found'));
  }
}
