import type { Frame } from '@magpie/common/frames/frame.ts';
import { err, ok } from '@magpie/common/result.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LoginDialog } from '../server-link/login-dialog.ts';
import type { LoginInput } from './engine.ts';
import { EngineWorld, PASSWORD, type TestPeer } from './test-world.ts';

afterEach(() => void vi.restoreAllMocks());

describe('the key of the account, before a server that says there is none', () => {
  it('[SV86] stays, and its first list is offered again', async () => {
    const world = await EngineWorld.start();
    const [alice] = await world.friends('alice', 'bob');
    const seed = alice.identity.accountSeed;
    const [first] = await world.settle(alice.store.ownDeviceLists());
    const enrolled = says({ accountKey: NO_KEY, deviceListVersion: 0 }, 'busy');
    expect(await world.settle(login(world, alice, {}))).toMatchObject({ error: { refusal: 'busy' } });
    expect(enrolled).toMatchObject([{ deviceList: first, replaceKey: false }]);
    expect(alice.identity.accountSeed).toEqual(seed);
    vi.restoreAllMocks();
    await world.ok(login(world, alice, {}));
    expect(alice.identity.accountSeed).toEqual(seed);
  });

  it('[SV86] stays when no list of it fits, until the user gives it up', async () => {
    const world = await EngineWorld.start();
    const [alice] = await world.friends('alice', 'bob');
    const seed = alice.identity.accountSeed;
    const enrolled = says({ accountKey: NO_KEY, deviceListVersion: 7 }, 'busy');
    expect(await world.settle(login(world, alice, {}))).toMatchObject({ error: { code: 'NEW_DEVICE' } });
    expect(enrolled).toEqual([]);
    expect(alice.identity.accountSeed).toEqual(seed);
  });

  it.each(['approvalCode', 'recoveryCode'] as const)(
    '[SV86] is not begun anew where a code was given: %s',
    async (means) => {
      const world = await EngineWorld.start();
      const phone = world.peer('phone');
      await world.settle(phone.start());
      const enrolled = says({ accountKey: NO_KEY, deviceListVersion: 0 }, 'busy');
      const code = means === 'approvalCode' ? 'aaaa-aaaa-aaaa-aaaa' : 'aaaa-aaaa-aaaa-aaaa-aaaa-aaaa-aa';
      expect(await world.settle(login(world, phone, { [means]: code }))).toMatchObject({
        error: { code: 'WRONG_CODE' },
      });
      expect(enrolled).toEqual([]);
    },
  );
});

describe('a new identity', () => {
  it('[SV86] that the server refuses leaves the old one', async () => {
    const world = await EngineWorld.start();
    const [alice, bob] = await world.friends('alice', 'bob');
    const seed = alice.identity.accountSeed;
    says({ accountKey: new Uint8Array(32).fill(3), deviceListVersion: 4 }, 'account-locked');
    expect(await world.settle(login(world, alice, { newIdentity: true }))).toMatchObject({
      error: { refusal: 'account-locked' },
    });
    expect(alice.identity.accountSeed).toEqual(seed);
    vi.restoreAllMocks();
    await world.ok(login(world, alice, {}));
    await world.run(5_000);
    expect(await bob.contact('alice')).toMatchObject({ keyChanged: false });
  });

  it('[SV86] of which nobody knows whether the server took it gives way to the old one where that still counts', async () => {
    const world = await EngineWorld.start();
    const [alice] = await world.friends('alice', 'bob');
    const seed = alice.identity.accountSeed;
    const [first] = await world.settle(alice.store.ownDeviceLists());
    says({ accountKey: new Uint8Array(32).fill(3), deviceListVersion: 4 }, 'lost');
    await world.settle(login(world, alice, { newIdentity: true }));
    vi.restoreAllMocks();
    expect(alice.identity.accountSeed).not.toEqual(seed);
    const { accountKey } = await keyOf(world, alice);
    const enrolled = says({ accountKey, deviceListVersion: 0, deviceList: first! }, 'busy');
    await world.settle(login(world, alice, {}));
    expect(alice.identity.accountSeed).toEqual(seed);
    expect(enrolled).toMatchObject([{ deviceList: first }]);
  });
});

it('[PK11] a list of a version that fits into no handshake is refused, and the link stands again', async () => {
  const world = await EngineWorld.start();
  const [alice] = await world.friends('alice', 'bob');
  says({ accountKey: NO_KEY, deviceListVersion: Number.MAX_SAFE_INTEGER }, 'busy');
  expect(await world.settle(login(world, alice, { newIdentity: true }))).toMatchObject({
    error: { refusal: 'bad-device-list' },
  });
  vi.restoreAllMocks();
  await world.until(async () => (await alice.engine.status()).server.state === 'connected');
});

const NO_KEY = new Uint8Array(32);

/** The server answers logins like this, and takes no list. @returns the enrolments that it was asked for */
function says(needed: object, outcome: 'busy' | 'account-locked' | 'lost'): Frame[] {
  const enrolled: Frame[] = [];
  const real = LoginDialog.prototype.request;
  vi.spyOn(LoginDialog.prototype, 'request').mockImplementation(async function (this: LoginDialog, request) {
    if (request.type === 'login' || request.type === 'recover') {
      const nothing = { deviceList: new Uint8Array(0), sealedSeed: new Uint8Array(0) };
      const account = { account: 10_001, name: 'alice' };
      return ok({ type: 'enroll-needed', requestId: 1, ...account, ...nothing, ...needed } as never);
    }
    if (request.type !== 'enroll') return real.call(this, request);
    enrolled.push(request as Frame);
    if (outcome === 'lost') return err({ kind: 'request', error: { kind: 'lost' } });
    return err({ kind: 'request', error: { kind: 'refused', code: outcome, detail: '', retryAfterMs: 0 } } as const);
  });
  return enrolled;
}

async function keyOf(world: EngineWorld, alice: TestPeer): Promise<{ readonly accountKey: Uint8Array }> {
  const bob = world.peers.find((peer) => peer !== alice)!;
  return (await world.settle(bob.store.contacts()))[0]!;
}

function login(world: EngineWorld, peer: TestPeer, input: Partial<LoginInput>) {
  const server = world.sim.server.address;
  return peer.engine.login({
    ...{ server, trustFirst: false, account: 'alice', label: peer.name },
    ...(input.recoveryCode === undefined ? { password: PASSWORD } : {}),
    ...input,
  });
}
