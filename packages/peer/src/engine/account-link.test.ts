import { newExchangeKeyPair } from '@magpie/common/channel/keys.ts';
import type { Frame } from '@magpie/common/frames/frame.ts';
import type { AccountName, AccountNumber } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import { describe, expect, it } from 'vitest';
import { hospitable, LinkWorld, type ScriptedConnection, welcome } from '../server-link/test-server.ts';
import { MemoryPeerStore } from '../store/memory-store.ts';
import { AccountLink } from './account-link.ts';
import { OwnDevices } from './own-devices.ts';
import { ServerTime } from './server-time.ts';
import { newIdentity } from './test-world.ts';

const PASSWORD = 'seven quiet magpies';

describe('register', () => {
  it('remembers the account, the server and its key', async () => {
    const { account, register, store } = await peer();
    expect(await register()).toMatchObject({
      ok: true,
      value: { account: { name: 'alice', account: 10_001, signedIn: true } },
    });
    expect(account.status.state).toBe('connected');
    expect(await store.profile()).toMatchObject({ name: 'alice', serverPort: 10_000, signedIn: true });
  });

  it('is refused to a profile that has an account, signed in or not', async () => {
    const { world, account, register } = await peer();
    await register();
    expect(await register()).toMatchObject({ error: { code: 'ALREADY_SIGNED_IN', detail: { name: 'alice' } } });
    await world.settle(account.logout());
    expect(await register()).toMatchObject({ error: { code: 'ALREADY_SIGNED_IN' } });
    expect(world.server.connections).toHaveLength(1);
  });

  it('twice at once gives one account, and both learn of it', async () => {
    const { world, register } = await peer();
    const results = await Promise.all([register(), register()]);
    expect(results).toMatchObject([{ ok: true }, { error: { code: 'ALREADY_SIGNED_IN' } }]);
    expect(world.server.connections).toHaveLength(1);
  });

  it('fails when the account cannot be stored, and is stored as soon as the disk allows', async () => {
    const { world, account, register, store, disk } = await peer();
    disk.full = true;
    expect(await register()).toMatchObject({ error: { code: 'STORE_FAILED' } });
    await world.run(20_000);
    expect(account.up).toBe(false);
    disk.full = false;
    await world.run(30_000);
    expect(account.up).toBe(true);
    expect(await store.profile()).toMatchObject({ name: 'alice', signedIn: true });
  });
});

describe('login', () => {
  it('to the account of another is refused before anything is sent', async () => {
    const { world, account, register } = await peer();
    await register();
    for (const name of ['bob', '10002']) {
      const result = await world.settle(account.login({ trustFirst: false, account: name, password: PASSWORD }));
      expect(result).toMatchObject({ error: { code: 'ALREADY_SIGNED_IN', detail: { name: 'alice' } } });
    }
    expect(world.server.connections).toHaveLength(1);
    expect(account.up).toBe(true);
  });

  it('[ID7] knows its own account by number and by its name in any case', async () => {
    const { world, account, register } = await peer();
    await register();
    for (const name of ['Alice', ' alice ', '10001']) {
      expect(await world.settle(account.login({ trustFirst: false, account: name, password: PASSWORD }))).toMatchObject(
        {
          ok: true,
        },
      );
    }
  });

  it('never mixes this account with one of the same name on another server', async () => {
    const { world, account, register, store } = await peer();
    await register();
    world.server.onRequest = (to, frame) => {
      if (frame.type === 'login') {
        to.say(welcome(frame.requestId, { account: 10_077 as AccountNumber, name: 'alice' as AccountName }));
      } else if (frame.type === 'logout') to.say({ type: 'done', requestId: frame.requestId });
      else hospitable(to, frame);
    };
    const result = await world.settle(
      account.login({
        server: `10.0.0.1:10000#${world.server.pin}`,
        trustFirst: false,
        account: 'alice',
        password: PASSWORD,
      }),
    );
    expect(result).toMatchObject({ error: { code: 'ALREADY_SIGNED_IN', detail: { name: 'alice' } } });
    expect(await store.profile()).toMatchObject({ account: 10_001 });
    expect(world.server.connections[1]!.types).toContain('logout');
    await world.run(30_000);
    expect(account.up).toBe(true);
  });

  it.each([false, true])('[R10] to the known address trusts no other key, with trust-first %s', async (trustFirst) => {
    const { world, account, register } = await peer();
    await register();
    await account.disconnect();
    world.server.key = newExchangeKeyPair(world.random);
    const server = '10.0.0.1:10000';
    const login = (at: string) => world.settle(account.login({ server: at, trustFirst, password: PASSWORD }));
    expect(await login(server)).toMatchObject({ error: { code: 'SERVER_KEY_CHANGED' } });
    expect(world.server.connections.slice(1).flatMap(({ types }) => types)).toEqual([]);
    expect(await login(`${server}#${world.server.pin}`)).toMatchObject({ ok: true });
  });

  it('that fails leaves the standing link as it was before', async () => {
    const { world, account, register, calls, greet } = await peer();
    await register();
    calls.length = 0;
    world.server.onRequest = (to, frame) => {
      if (frame.type !== 'login') return greet(to, frame);
      to.say({ type: 'refused', requestId: frame.requestId, code: 'wrong-credentials', detail: '', retryAfterMs: 0 });
    };
    expect(await world.settle(account.login({ trustFirst: false, password: 'wrong and wrong' }))).toMatchObject({
      error: { code: 'SERVER_REFUSED', refusal: 'wrong-credentials' },
    });
    // The connection of before had to end for it: nothing of the friends was known meanwhile.
    expect(calls).toEqual(['down', 'state connecting']);
    await world.run(10_000);
    expect(calls.slice(2)).toEqual(['up', 'state connected']);
  });

  it('while the server is away leaves nothing standing that is not', async () => {
    const { world, account, register, calls } = await peer();
    await register();
    world.serverHost.kill(false);
    await world.run(100);
    world.serverHost.revive();
    calls.length = 0;
    await world.settle(account.login({ trustFirst: false, password: PASSWORD }));
    await world.run(10_000);
    expect(account.up).toBe(false);
    expect(calls).not.toContain('up');
  });
});

describe('a login that fails while the user is offline on purpose', () => {
  it('leaves the user offline', async () => {
    const { world, account, register, greet } = await peer();
    await register();
    await account.disconnect();
    world.server.onRequest = (to, frame) => {
      if (frame.type !== 'login') return greet(to, frame);
      to.say({ type: 'refused', requestId: frame.requestId, code: 'wrong-credentials', detail: '', retryAfterMs: 0 });
    };
    await world.settle(account.login({ trustFirst: false, password: 'wrong and wrong' }));
    await world.run(60_000);
    expect(account.status.state).toBe('stopped');
    expect(world.server.connections.map(({ types }) => types[0])).toEqual(['register', 'login']);
  });
});

describe('logout', () => {
  it('[SV24] makes the server forget the device, keeps the profile, and a login comes back to it', async () => {
    const { world, account, register, store } = await peer();
    world.server.onRequest = (to, frame) => {
      if (frame.type === 'logout') to.say({ type: 'done', requestId: frame.requestId });
      else hospitable(to, frame);
    };
    await register();
    const before = await store.profile();
    expect(await world.settle(account.logout())).toEqual({ ok: true, value: undefined });
    expect(account.status.state).toBe('signed-out');
    expect(await store.profile()).toEqual({ ...before, signedIn: false, loginCount: 1 });
    expect(await world.settle(account.logout())).toMatchObject({ error: { code: 'NOT_SIGNED_IN' } });
    await world.run(60_000);
    expect(world.server.connections).toHaveLength(1);
    expect(await world.settle(account.login({ trustFirst: false, password: PASSWORD }))).toMatchObject({ ok: true });
    expect(account.up).toBe(true);
  });

  it('is refused while the server cannot be told', async () => {
    const { world, account, register, store } = await peer();
    await register();
    world.network.cutTcp('client', 'server');
    await world.run(1);
    expect(await world.settle(account.logout())).toMatchObject({ error: { code: 'SERVER_UNREACHABLE' } });
    expect(await store.profile()).toMatchObject({ signedIn: true });
  });
});

describe('incarnations (R17)', () => {
  it.each([
    { remembered: 1, told: 2, renewed: false },
    { remembered: 1, told: 3, renewed: true },
    { remembered: 5, told: 2, renewed: true },
    { remembered: 1, told: 1, renewed: true },
  ])('[DL3] login $told after $remembered: new $renewed', async ({ remembered, told, renewed }) => {
    const { world, account, register, store, logins, calls } = await peer();
    logins.count = remembered;
    await register();
    const before = await store.profile();
    calls.length = 0;
    logins.count = told;
    world.network.cutTcp('client', 'server');
    await world.run(5_000);
    expect(account.up).toBe(true);
    const now = await store.profile();
    expect(now?.incarnation !== before?.incarnation).toBe(renewed);
    expect(calls.filter((call) => call === 'renumbered' || call === 'up')).toEqual(
      renewed ? ['renumbered', 'up'] : ['up'],
    );
  });

  it('[DL3] outlive an orderly end, not a crash: what was stored in use may be an old copy', async () => {
    const { world, account, register, store, again } = await peer();
    await register();
    const first = (await store.profile())?.incarnation;
    await account.disconnect();
    const second = await again();
    await world.run(1_000);
    expect((await store.profile())?.incarnation).toBe(first);
    expect(second.up).toBe(true);
    const third = await again();
    await world.run(1_000);
    expect((await store.profile())?.incarnation).not.toBe(first);
    expect(third.up).toBe(true);
  });

  it('[DL3] sends nothing under the old one when the new one could not be stored', async () => {
    const { world, account, register, store, logins, disk } = await peer();
    await register();
    const before = await store.profile();
    logins.count = 7;
    disk.full = true;
    world.network.cutTcp('client', 'server');
    await world.run(5_000);
    expect(account.up).toBe(false);
    disk.full = false;
    logins.count = 8;
    await world.run(30_000);
    expect(account.up).toBe(true);
    expect((await store.profile())?.incarnation).not.toBe(before?.incarnation);
  });
});

describe('what comes while a login is worked in', () => {
  it('is handed on after it, in order', async () => {
    const { world, account, register, calls, hold } = await peer();
    await register();
    calls.length = 0;
    const release = hold();
    world.network.cutTcp('client', 'server');
    await world.run(5_000);
    for (let id = 1; id <= 3; id++) world.server.last.say(notice(id));
    await world.run(1_000);
    expect(account.up).toBe(false);
    release();
    world.server.last.say(notice(4));
    await world.run(1_000);
    expect(calls.slice(calls.indexOf('up'))).toEqual([
      'up',
      'state connected',
      'notice 1',
      'notice 2',
      'notice 3',
      'notice 4',
    ]);
  });

  it('is forgotten with a connection that ends meanwhile', async () => {
    const { world, account, register, calls, hold } = await peer();
    await register();
    calls.length = 0;
    const release = hold();
    world.network.cutTcp('client', 'server');
    await world.run(5_000);
    world.server.last.say(notice(1));
    await world.run(100);
    world.network.cutTcp('client', 'server');
    await world.run(5_000);
    release();
    await world.run(5_000);
    expect(calls).not.toContain('notice 1');
    expect(calls.filter((call) => call === 'state connected')).toHaveLength(1);
    expect(account.up).toBe(true);
  });

  it('is not begun for a connection that ended while the own device lists were fetched', async () => {
    const { world, account, register, calls, greet } = await peer();
    await register();
    world.server.onRequest = (to, frame) => {
      if (frame.type !== 'device-chain-get') greet(to, frame);
    };
    calls.length = 0;
    world.network.cutTcp('client', 'server');
    await world.run(5_000);
    world.server.onRequest = greet;
    world.network.cutTcp('client', 'server');
    await world.run(10_000);
    expect(calls.filter((call) => call === 'up')).toHaveLength(1);
    expect(account.up).toBe(true);
  });

  it('is forgotten when the user goes offline meanwhile', async () => {
    const { world, account, register, calls, hold } = await peer();
    await register();
    const release = hold();
    world.network.cutTcp('client', 'server');
    await world.run(5_000);
    calls.length = 0;
    await account.disconnect();
    release();
    await world.run(5_000);
    expect(calls).toEqual(['down', 'state stopped']);
    expect(account.up).toBe(false);
  });
});

describe('the end', () => {
  it('stays the end for a login that is under way', async () => {
    const { world, account, register } = await peer();
    await register();
    const login = account.login({ trustFirst: false, password: PASSWORD });
    await world.run(30);
    await account.disconnect();
    expect(await world.settle(login)).toMatchObject({ error: { code: 'SERVER_UNREACHABLE' } });
    await world.run(60_000);
    expect(account.status.state).toBe('stopped');
    expect(world.server.connections.every(({ closed }) => closed)).toBe(true);
  });
});

describe('a device that the server does not know any more', () => {
  it('is signed out and does not try again', async () => {
    const { world, account, register, store, calls } = await peer();
    await register();
    world.server.onRequest = (to, frame) => {
      if (frame.type !== 'resume') return;
      to.say({ type: 'refused', requestId: frame.requestId, code: 'unknown-device', detail: '', retryAfterMs: 0 });
    };
    world.network.cutTcp('client', 'server');
    await world.run(60_000);
    expect(account.status).toMatchObject({ state: 'signed-out', lastError: 'unknown-device' });
    expect(calls).toContain('signed out');
    expect(await store.profile()).toMatchObject({ signedIn: false });
  });
});

describe('what the profile remembers', () => {
  it('[PK12] is never set back by a login', async () => {
    const { world, register, store } = await peer();
    await register();
    const reserved = (await store.profile())!.stampReserved + 5_000_000;
    await store.updateProfile({ stampReserved: reserved, rosterVersion: 9 });
    world.network.cutTcp('client', 'server');
    await world.run(5_000);
    expect(await store.profile()).toMatchObject({ stampReserved: reserved, rosterVersion: 9 });
  });
});

/** A new profile and a scripted server that welcomes everybody, counting logins. */
async function peer() {
  const world = new LinkWorld();
  await world.listen();
  const logins = { count: 1 };
  const greet = (to: ScriptedConnection, frame: Frame): void => {
    if (frame.type !== 'register' && frame.type !== 'login' && frame.type !== 'resume') return hospitable(to, frame);
    to.say(welcome(frame.requestId, { loginCount: logins.count++ }));
  };
  world.server.onRequest = greet;
  const disk = { full: false };
  const store = new MemoryPeerStore({
    sync: async () => {
      if (disk.full) throw new Error('no space left');
    },
  });
  const calls: string[] = [];
  let held: Promise<void> | undefined;
  const identity = newIdentity(world.random);
  const ports = {
    clock: world.clock,
    random: world.random,
    encapsulate: () => undefined,
    store,
    tcp: world.client.tcpConnector,
    udp: world.client.udpFactory,
    interfaces: world.client.interfaces,
    identity,
    identityKeeper: { replaceAccountSeed: async () => {} },
    mailboxKeyKeeper: { load: async () => undefined, save: async () => {} },
    log: silentLog,
  };
  const again = async (): Promise<AccountLink> => {
    const link = new AccountLink({
      ports,
      own: new OwnDevices(ports),
      time: new ServerTime(world.clock),
      onUp: async () => {
        calls.push('up');
        await held;
      },
      onRenumbered: () => void calls.push('renumbered'),
      unseen: () => false,
      onDown: () => void calls.push('down'),
      onSilenced: () => void calls.push('signed out'),
      onFrame: (frame) => void calls.push(frame.type === 'notice' ? `notice ${frame.id}` : frame.type),
      onState: (state) => void calls.push(`state ${state}`),
    });
    await link.start();
    return link;
  };
  const account = await again();
  return {
    world,
    account,
    store,
    disk,
    calls,
    greet,
    /** The program anew, on what the store has. */
    again,
    logins,
    register: () =>
      world.settle(
        account.register({
          server: `10.0.0.1:10000#${world.server.pin}`,
          trustFirst: false,
          name: 'alice',
          displayName: 'Alice',
          password: PASSWORD,
        }),
      ),
    /** The next login is not worked in before the returned function is called. */
    hold: () => {
      let release = (): void => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return () => {
        held = undefined;
        release();
      };
    },
  };
}

function notice(id: number): Frame {
  return { type: 'notice', id, atWallMs: 1, text: '' };
}
