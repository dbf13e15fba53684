import { err } from '@magpie/common/result.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LoginDialog } from '../server-link/login-dialog.ts';
import { AccountLink } from './account-link.ts';
import type { LoginInput } from './engine.ts';
import { EngineWorld, PASSWORD, type TestPeer } from './test-world.ts';

afterEach(() => void vi.restoreAllMocks());

describe('the own list of devices', () => {
  it('[SV85] that could not be fetched after the login is asked for again until it is there', async () => {
    const { world, alice, bob, phone } = await twoDevices();
    await alice.stop();
    await addTablet(world, phone);
    const real = AccountLink.prototype.requestAll;
    let failures = 0;
    vi.spyOn(AccountLink.prototype, 'requestAll').mockImplementation(async function (this: AccountLink, request) {
      const fails = request.type === 'device-chain-get' && request.account === 10_001 && failures < 3;
      if (!fails) return real.call(this, request);
      failures++;
      return err({ kind: 'timed-out' });
    });
    await alice.restart();
    await world.run(20_000);
    expect(failures).toBe(3);
    await world.ok(alice.engine.send({ to: 'bob', text: 'heard again' }));
    await world.until(async () => (await bob.texts('alice')).includes('heard again'));
  });

  it('is asked for before a device of it is called unknown', async () => {
    const { world, alice, phone } = await twoDevices();
    const tablet = await addTablet(world, phone);
    const { device } = await world.ok(tablet.engine.whoami());
    const real = AccountLink.prototype.syncDevices;
    vi.spyOn(AccountLink.prototype, 'syncDevices').mockImplementation(async function (this: AccountLink, version) {
      return version < 0 ? real.call(this, version) : false;
    });
    const fourth = world.peer('fourth');
    await world.settle(fourth.start());
    const { code } = await world.ok(phone.engine.offerApproval());
    await world.ok(login(world, fourth, { approvalCode: code }));
    const added = await world.ok(fourth.engine.whoami());
    await world.ok(alice.engine.revokeDevice(added.device));
    await world.ok(alice.engine.revokeDevice(device));
    expect(await world.settle(alice.engine.revokeDevice('ffff'.repeat(8)))).toMatchObject({
      error: { code: 'NOT_FOUND' },
    });
  });
});

describe('a status text that the server does not take', () => {
  it('[SV48] is refused before anything is told, but for the joiner inside an emoji', async () => {
    const world = await EngineWorld.start();
    const [alice] = await world.friends('alice', 'bob');
    const asked = vi.spyOn(AccountLink.prototype, 'request');
    for (const text of ['soft\u00adhyphen', 'a\u200db', '\u202eback']) {
      expect(await world.settle(alice.engine.setPresence('busy', text))).toMatchObject({ error: { code: 'BAD_TEXT' } });
    }
    expect(asked).not.toHaveBeenCalled();
    await world.ok(alice.engine.setPresence('busy', '👩\u200d💻 at work'));
  });

  it('[SV48] leaves friends with the status that the own machine says', async () => {
    const world = await EngineWorld.start();
    const [alice, bob] = await world.friends('alice', 'bob');
    await world.ok(alice.engine.setPresence('away', 'at lunch'));
    const real = AccountLink.prototype.request;
    vi.spyOn(AccountLink.prototype, 'request').mockImplementation(async function (this: AccountLink, request) {
      const refused = request.type === 'presence-set' && request.text === 'odd';
      if (!refused) return real.call(this, request);
      return err({ kind: 'refused', code: 'bad-text', detail: '', retryAfterMs: 0 });
    });
    expect(await world.settle(alice.engine.setPresence('busy', 'odd'))).toMatchObject({
      error: { refusal: 'bad-text' },
    });
    await world.run(10_000);
    expect(await world.ok(alice.engine.presence())).toMatchObject({ status: 'away', text: 'at lunch' });
    expect(await bob.contact('alice')).toMatchObject({ presence: 'away', statusText: 'at lunch' });
  });
});

describe('a recovery whose second half fails', () => {
  it('says that the password is another one by now', async () => {
    const { world, recoveryCode } = await twoDevices();
    const late = world.peer('late');
    await world.settle(late.start());
    const real = LoginDialog.prototype.request;
    vi.spyOn(LoginDialog.prototype, 'request').mockImplementation(async function (this: LoginDialog, request) {
      return request.type === 'enroll' ? err({ kind: 'request', error: { kind: 'lost' } }) : real.call(this, request);
    });
    const server = world.sim.server.address;
    const input = { server, trustFirst: false, account: 'alice', recoveryCode, newPassword: 'eight loud jackdaws' };
    expect(await world.settle(late.engine.login(input))).toMatchObject({
      error: { code: 'SERVER_UNREACHABLE', detail: { passwordChanged: 1 } },
    });
  });
});

async function twoDevices() {
  const world = await EngineWorld.start();
  const [alice, bob] = await world.friends('alice', 'bob');
  const { recoveryCode } = await world.ok(alice.engine.renewRecovery());
  const phone = world.peer('phone');
  await world.settle(phone.start());
  await world.ok(login(world, phone, { recoveryCode }));
  return { world, alice, bob, phone, recoveryCode };
}

async function addTablet(world: EngineWorld, by: TestPeer): Promise<TestPeer> {
  const tablet = world.peer('tablet');
  await world.settle(tablet.start());
  const { code } = await world.ok(by.engine.offerApproval());
  await world.ok(login(world, tablet, { approvalCode: code }));
  return tablet;
}

function login(world: EngineWorld, peer: TestPeer, input: Partial<LoginInput>) {
  const server = world.sim.server.address;
  return peer.engine.login({
    ...{ server, trustFirst: false, account: 'alice', label: peer.name, password: PASSWORD },
    ...input,
  });
}
