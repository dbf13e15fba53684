import { newExchangeKeyPair } from '@magpie/common/channel/keys.ts';
import { pinOf } from '@magpie/common/channel/pin.ts';
import type { Frame } from '@magpie/common/frames/frame.ts';
import type { DeviceId, RequestId } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import type { RefusalCode } from '@magpie/common/refusal.ts';
import { describe, expect, it } from 'vitest';
import { RELAY_QUEUED_BYTES_MAX } from './limits.ts';
import { asking, type LoginScript } from './login-dialog.ts';
import { ServerLink, type ServerTarget } from './server-link.ts';
import { hospitable, LinkWorld, welcome } from './test-server.ts';

/** What the simulated operating system takes before anything counts as waiting. */
const SIM_KERNEL_BYTES = 128 * 1024;
const LOGIN = {
  type: 'login',
  account: 'alice',
  password: 'seven quiet magpies',
  signKey: new Uint8Array(32),
  accountKey: new Uint8Array(32),
  deviceList: new Uint8Array(200),
  label: 'laptop',
} as const;

/** Asks for approval, waits for the seed that somebody seals, and enrolls. */
const approvedLogin: LoginScript<{ readonly kind: 'nobody'; readonly why: string }> = async (dialog) => {
  const asked = await dialog.request(LOGIN);
  if (!asked.ok) return asked;
  const seed = await dialog.approved(60_000);
  if (!seed.ok) return { ok: false, error: { kind: 'nobody', why: seed.error } };
  return asking({ type: 'resume' })(dialog);
};

describe('a login of several requests', () => {
  it('[SV86] is up only with its welcome, all on one connection', async () => {
    const { world, link, events } = await linked();
    world.server.onRequest = (to, frame) => {
      if (frame.type !== 'login') return hospitable(to, frame);
      to.say({ type: 'done', requestId: frame.requestId }, { type: 'approved', sealedSeed: new Uint8Array(80) });
      expect(events).toEqual([]);
    };
    expect(await world.settle(link.login(world.pinned, approvedLogin))).toMatchObject({ ok: true });
    expect(events).toEqual(['up']);
    expect(world.server.connections.map(({ types }) => types.slice(0, 2))).toEqual([['login', 'resume']]);
  });

  it('fails when its script does, and leaves a link that goes on', async () => {
    const { world, link, events } = await linked();
    const broken = async (): Promise<never> => {
      throw new RangeError('not for a u64');
    };
    expect(await world.settle(link.login(world.pinned, broken))).toEqual({
      ok: false,
      error: { kind: 'request', error: { kind: 'lost' } },
    });
    await world.run(1_000);
    expect(world.server.last.closed).toBe(true);
    expect(await world.settle(link.login(world.pinned, asking(LOGIN)))).toMatchObject({ ok: true });
    expect(events).toEqual(['up']);
  });

  it.each(['Alice', 'ali\u001b[2Jce', ''])('[ID7] is none when the server calls the account %j', async (name) => {
    const { world, link, events } = await linked();
    world.server.onRequest = (to, frame) => {
      if (frame.type === 'login') to.say(welcome(frame.requestId, { name: name as never }));
    };
    expect(await world.settle(link.login(world.pinned, asking(LOGIN)))).toMatchObject({ ok: false });
    expect(events).toEqual([]);
  });

  it('[SV86] keeps its connection alive while it waits, and ends in its own words', async () => {
    const { world, link, events } = await linked();
    world.server.onRequest = (to, frame) => {
      if (frame.type === 'login') to.say({ type: 'done', requestId: frame.requestId });
      else hospitable(to, frame);
    };
    expect(await world.settle(link.login(world.pinned, approvedLogin))).toEqual({
      ok: false,
      error: { kind: 'nobody', why: 'timed-out' },
    });
    expect(world.server.last.types.filter((type) => type === 'ping').length).toBeGreaterThan(2);
    expect(events).toEqual([]);
    await world.run(60_000);
    expect(world.server.connections).toHaveLength(1);
    expect(world.server.last.closed).toBe(true);
  });

  it('ends with its connection', async () => {
    const { world, link } = await linked();
    world.server.onRequest = (to, frame) =>
      to.say({ type: 'done', requestId: (frame as { requestId: RequestId }).requestId });
    const login = link.login(world.pinned, approvedLogin);
    await world.run(5_000);
    world.network.cutTcp('client', 'server');
    expect(await world.settle(login)).toMatchObject({ error: { kind: 'nobody', why: 'lost' } });
  });
});

describe('login', () => {
  it('brings the link up and keeps it up by the device key from then on', async () => {
    const { world, link, events } = await linked();
    const result = await world.settle(link.login(world.pinned, asking(LOGIN)));
    expect(result.ok && result.value.serverKey).toEqual(world.server.key.publicKey);
    expect(events).toEqual(['up']);
    world.network.cutTcp('client', 'server');
    await world.run(1_000);
    expect(events).toEqual(['up', 'down ECONNRESET', 'up']);
    expect(world.server.connections.map(({ types }) => types[0])).toEqual(['login', 'resume']);
  });

  it('[LK4] never shows the password to a server with another key', async () => {
    const { world, link, events } = await linked();
    const wrong = { ...world.pinned, pin: pinOf(newExchangeKeyPair(world.random).publicKey) };
    expect(await world.settle(link.login(wrong, asking(LOGIN)))).toEqual({
      ok: false,
      error: { kind: 'link', failure: { kind: 'wrong-pin' } },
    });
    const unpinned = { ...world.pinned, pin: undefined };
    expect(await world.settle(link.login(unpinned, asking(LOGIN)))).toEqual({
      ok: false,
      error: { kind: 'link', failure: { kind: 'key-unknown', pin: world.server.pin } },
    });
    await world.run(60_000);
    expect(world.server.connections.map(({ received }) => received)).toEqual([[], []]);
    expect(events).toEqual([]);
  });

  it('is tried once: a refusal is told and nothing follows', async () => {
    const { world, link, events } = await linked();
    world.server.onRequest = (to, frame) => {
      if (frame.type === 'login') {
        to.say({ type: 'refused', requestId: frame.requestId, code: 'wrong-credentials', detail: '', retryAfterMs: 0 });
      }
    };
    expect(await world.settle(link.login(world.pinned, asking(LOGIN)))).toMatchObject({
      error: { kind: 'request', error: { code: 'wrong-credentials' } },
    });
    await world.run(120_000);
    expect(world.server.connections).toHaveLength(1);
    expect(world.server.last.closed).toBe(true);
    expect(events).toEqual([]);
  });
});

describe('a server that we know', () => {
  it('[LK12] that shows another key is told as such, with the new pin, and not tried again', async () => {
    const { world, link, events } = await up();
    link.keepUp(world.known);
    await world.run(100);
    world.server.key = newExchangeKeyPair(world.random);
    world.network.cutTcp('client', 'server');
    await world.run(120_000);
    expect(events.at(-1)).toBe('down server-key-changed for good');
    const connections = world.server.connections.length;
    await world.run(120_000);
    expect(world.server.connections).toHaveLength(connections);
    expect(await world.settle(link.login(world.known, asking(LOGIN)))).toMatchObject({
      error: { kind: 'server-key-changed', pin: world.server.pin },
    });
    expect(world.server.connections.flatMap(({ types }) => types)).not.toContain('login');
  });

  it('that dies in the handshake with the same key has only died', async () => {
    const { world, link } = await linked();
    world.server.silent = true;
    const login = world.settle(link.login(world.known, asking({ type: 'resume' })));
    world.time.schedule(50, () => {
      world.server.last.stream.end();
      world.server.silent = false;
    });
    expect(await login).toMatchObject({ error: { kind: 'link', failure: { kind: 'unreachable' } } });
  });
});

describe('reconnecting', () => {
  it('[SV80] waits 0.5 s doubling to 20 s, each cut by a random part of up to half', async () => {
    const world = new TargetWorld();
    const { link, retries } = linkOf(world);
    link.keepUp(world.known);
    await world.run(200_000);
    const bounds = [500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000];
    for (const [i, bound] of bounds.entries()) {
      expect(retries[i]).toBeGreaterThanOrEqual(bound / 2);
      expect(retries[i]).toBeLessThanOrEqual(bound);
    }
    expect(new Set(retries.slice(6)).size).toBeGreaterThan(1);
  });

  it('[SV80] comes back not before the server said', async () => {
    const { world, retries } = await up();
    world.server.last.say({ type: 'close', code: 'shutting-down', reason: '', retryAfterMs: 30_000 });
    await world.run(29_900);
    expect(world.server.connections).toHaveLength(1);
    expect(retries).toEqual([30_000]);
    await world.run(300);
    expect(world.server.connections).toHaveLength(2);
  });

  it('[SV80] waits at most 200 s, whatever the server said', async () => {
    const { world, retries } = await up();
    world.server.last.say({ type: 'close', code: 'busy', reason: '', retryAfterMs: 0xffff_ffff });
    await world.run(100);
    expect(retries).toEqual([200_000]);
  });

  it.each<RefusalCode>([
    'replaced',
    'revoked',
    'unknown-device',
    'password-changed',
    'account-deleted',
    'unsupported-version',
  ])('[SV80] does not come back by itself when closed with %s', async (code) => {
    const { world, events } = await up();
    world.server.last.say({ type: 'close', code, reason: '', retryAfterMs: 0 });
    await world.run(600_000);
    expect(events).toEqual(['up', `down ${code} for good`]);
    expect(world.server.connections).toHaveLength(1);
  });

  it('[SV80] looks every five to ten minutes whether a locked account is open again', async () => {
    const { world, link, retries } = await up();
    world.server.onRequest = (to, frame) => {
      if (frame.type !== 'resume') return;
      to.say({ type: 'refused', requestId: frame.requestId, code: 'account-locked', detail: '', retryAfterMs: 0 });
    };
    world.server.last.say({ type: 'close', code: 'account-locked', reason: '', retryAfterMs: 0 });
    await world.run(3_600_000);
    expect(retries.length).toBeGreaterThan(5);
    for (const waitMs of retries) {
      expect(waitMs).toBeGreaterThanOrEqual(300_000);
      expect(waitMs).toBeLessThanOrEqual(600_000);
    }
    world.server.onRequest = hospitable;
    await world.run(600_000);
    expect(link.up).toBe(true);
  });

  it('does not come back by itself when its key is refused', async () => {
    const { world, link, events } = await linked();
    world.server.onRequest = (to, frame) => {
      if (frame.type !== 'resume') return;
      to.say({ type: 'refused', requestId: frame.requestId, code: 'unknown-device', detail: '', retryAfterMs: 0 });
    };
    link.keepUp(world.known);
    await world.run(600_000);
    expect(events).toEqual(['down unknown-device for good']);
  });

  it('begins with a short wait again after it was up', async () => {
    const world = new TargetWorld();
    const { link, retries } = linkOf(world);
    world.server.onRequest = hospitable;
    link.keepUp(world.known);
    await world.run(60_000);
    await world.listen();
    await world.run(30_000);
    expect(link.up).toBe(true);
    world.network.cutTcp('client', 'server');
    await world.run(10);
    expect(retries.at(-1)).toBeLessThanOrEqual(500);
  });

  it('waits longer and longer for a server that welcomes and breaks off at once', async () => {
    const { world, link, retries } = await linked();
    link.keepUp(world.known);
    for (let i = 0; i < 6; i++) {
      for (let waited = 0; !link.up && waited < 40_000; waited += 100) await world.run(100);
      world.network.cutTcp('client', 'server');
      await world.run(10);
    }
    expect(retries.at(-1)).toBeGreaterThanOrEqual(4_000);
  });
});

describe('a connection that its owner cannot use', () => {
  it('is given up, and tried again at growing distances', async () => {
    const { world, link, events, retries } = await linked();
    link.giveUp('store-failed');
    expect(events).toEqual([]);
    link.keepUp(world.known);
    for (let i = 0; i < 5; i++) {
      await world.run(20_000);
      expect(link.up).toBe(true);
      link.giveUp('store-failed');
    }
    expect(events.slice(0, 4)).toEqual(['up', 'down store-failed', 'up', 'down store-failed']);
    expect(retries[4]).toBeGreaterThanOrEqual(4_000);
  });
});

describe('a connection that ends early', () => {
  it('is down when the server closes it together with its welcome', async () => {
    const { world, link, events } = await linked();
    world.server.onRequest = (to, frame) => {
      if (frame.type !== 'resume' || world.server.connections.length > 1) return hospitable(to, frame);
      to.say(welcome(frame.requestId), { type: 'close', code: 'shutting-down', reason: '', retryAfterMs: 1_000 });
    };
    link.keepUp(world.known);
    await world.run(10_000);
    expect(link.up).toBe(true);
    expect(events).toEqual(['down shutting-down', 'up']);
  });

  it('never logs in once it is not wanted any more', async () => {
    const { world, link, events } = await linked();
    link.keepUp(world.known);
    await world.run(30);
    await link.close();
    await world.run(60_000);
    expect(world.server.connections.flatMap(({ types }) => types)).not.toContain('resume');
    expect(world.server.last.closed).toBe(true);
    expect(events).toEqual([]);
  });

  it('never stands beside a second one', async () => {
    const { world, link, events } = await linked();
    link.keepUp(world.known);
    await world.run(70);
    link.keepUp(world.known);
    await world.run(10_000);
    expect(events).toEqual(['up']);
    expect(world.server.connections.filter(({ closed }) => !closed)).toHaveLength(1);
  });
});

describe('frames', () => {
  it('come after the welcome and all of them, though they came in one piece with it', async () => {
    const { world, link, events } = await linked();
    world.server.onRequest = (to, frame) => {
      if (frame.type !== 'resume') return hospitable(to, frame);
      const notices = Array.from({ length: 100 }, (_, id): Frame => ({ type: 'notice', id, atWallMs: 1, text: '' }));
      to.say(welcome(frame.requestId), ...notices);
    };
    link.keepUp(world.known);
    await world.run(1_000);
    expect(events).toEqual(['up', ...Array.from({ length: 100 }, (_, id) => `notice ${id}`)]);
  });

  it('[SV82] of the relay are dropped while more than 256 KiB wait, and pass again later', async () => {
    const { world, link } = await up();
    const relay = { type: 'relay', to: '00'.repeat(16) as DeviceId, packet: new Uint8Array(1_200) } as const;
    world.network.link('client', 'server').tcpStalled = true;
    let taken = 0;
    while (taken < 2_000 && link.sendRelay(relay)) {
      taken++;
      await world.run(1);
    }
    expect(taken * 1_200).toBeGreaterThan(RELAY_QUEUED_BYTES_MAX);
    expect(taken * 1_200).toBeLessThan(RELAY_QUEUED_BYTES_MAX + SIM_KERNEL_BYTES + 3_000);
    world.network.link('client', 'server').tcpStalled = false;
    await world.run(1_000);
    expect(link.sendRelay(relay)).toBe(true);
    await world.run(1_000);
    expect(world.server.last.types.filter((type) => type === 'relay')).toHaveLength(taken + 1);
  });

  it('[SV82] of the relay count also while they wait for the end of this turn', async () => {
    const { link } = await up();
    const relay = { type: 'relay', to: '00'.repeat(16) as DeviceId, packet: new Uint8Array(16_000) } as const;
    let taken = 0;
    while (taken < 1_000 && link.sendRelay(relay)) taken++;
    expect(taken * 16_000).toBeLessThan(RELAY_QUEUED_BYTES_MAX + 32_000);
  });

  it('go nowhere without a link', async () => {
    const { world, link } = await linked();
    link.send({ type: 'ping', token: 1 });
    expect(link.sendRelay({ type: 'relay', to: '00'.repeat(16) as DeviceId, packet: new Uint8Array(9) })).toBe(false);
    expect(await link.request({ type: 'reflect-token-get' })).toEqual({ ok: false, error: { kind: 'lost' } });
    expect(await link.requestAll({ type: 'roster-get', since: 0 })).toEqual({ ok: false, error: { kind: 'lost' } });
    expect(world.server.connections).toEqual([]);
  });
});

async function up() {
  const all = await linked();
  all.link.keepUp(all.world.known);
  await all.world.run(200);
  return all;
}

/** A link that nobody has told to come up yet, and a server that welcomes everybody. */
async function linked() {
  const world = new TargetWorld();
  await world.listen();
  world.server.onRequest = hospitable;
  return { world, ...linkOf(world) };
}

function linkOf(world: LinkWorld) {
  const events: string[] = [];
  /** How long each wait before a new try was, milliseconds. */
  const retries: number[] = [];
  const link = new ServerLink({
    clock: world.clock,
    random: world.random,
    tcp: world.client.tcpConnector,
    log: silentLog,
    staticKey: newExchangeKeyPair(world.random),
    handlers: {
      onUp: () => void events.push('up'),
      onDown: (error, retryAt) => {
        events.push(`down ${error}${retryAt === undefined ? ' for good' : ''}`);
        if (retryAt !== undefined) retries.push(retryAt - world.clock.wallNow());
      },
      onFrame: (frame) => void events.push(frame.type === 'notice' ? `notice ${frame.id}` : frame.type),
    },
  });
  return { link, events, retries };
}

class TargetWorld extends LinkWorld {
  get pinned(): ServerTarget {
    return { ...this.target, pin: this.server.pin, serverKey: undefined, trustFirst: false };
  }

  get known(): ServerTarget {
    return { ...this.target, pin: undefined, serverKey: this.#key, trustFirst: false };
  }

  readonly #key = this.server.key.publicKey;
}
