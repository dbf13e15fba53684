import type { Frame } from '@magpie/common/frames/frame.ts';
import { describe, expect, it } from 'vitest';
import { PASSWORD, settle, TestWorld } from '../session/test-world.ts';

const codeOf = (frame: Frame): string => (frame.type === 'refused' ? frame.code : frame.type);
const refusedWith = (code: string) => ({ ok: false, error: { code } });
const DAY_MS = 86_400_000;

describe('what operators do to accounts (SV105)', () => {
  it('adds an account by the rules of a registration, without keys', async () => {
    const world = await TestWorld.start({}, { registration: 'closed' });
    const { users } = world.server;
    const carol = { name: 'Carol', displayName: ' Carol C ', password: PASSWORD };
    expect(await users.add({ ...carol, name: 'c' })).toMatchObject(refusedWith('bad-name'));
    expect(await users.add({ ...carol, displayName: '' })).toMatchObject(refusedWith('bad-display-name'));
    expect(await users.add({ ...carol, password: 'carol12345' })).toMatchObject(refusedWith('weak-password'));
    expect(await users.add(carol)).toMatchObject({
      ok: true,
      value: { account: 10_001, name: 'carol', displayName: 'Carol C', state: 'active', devices: 0, lastLoginAt: 0 },
    });
    expect(await users.add(carol)).toMatchObject(refusedWith('name-taken'));
    expect(await users.show('10001')).toEqual(await users.show(' CAROL'));
    expect(await users.show('nobody')).toMatchObject(refusedWith('not-found'));
    expect(await users.list({ after: 0, limit: 5, text: 'CAR' })).toHaveLength(1);
    expect(await users.list({ after: 10_001, limit: 5, text: '' })).toEqual([]);
  });

  it('[SV105] ends the sessions of a locked account at once, and lets nobody in until the unlock', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    await world.advance(3_000);
    bob.received.length = 0;
    expect(await world.server.users.lock('alice')).toMatchObject({ ok: true, value: { state: 'locked' } });
    await settle();
    expect(alice.closeCode).toBe('account-locked');
    expect(bob.take('presence').flatMap(({ entries }) => entries)).toMatchObject([{ status: 'offline' }]);
    expect(codeOf(await world.connect(alice.device).resume())).toBe('account-locked');
    expect(await world.server.users.lock('nobody')).toMatchObject(refusedWith('not-found'));
    await world.server.users.unlock('alice');
    expect(codeOf(await world.connect(alice.device).resume())).toBe('welcome');
  });

  it('[SV105] never lets in a login that crosses the lock', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    alice.wire.drop();
    await world.advance(20_000);
    const resumeSession = world.store.resumeSession.bind(world.store);
    let release: () => void = () => {};
    world.store.resumeSession = async (exchangeKey, now) => {
      const resumed = await resumeSession(exchangeKey, now);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return resumed;
    };
    const late = world.connect(alice.device);
    await late.resume().catch(() => undefined);
    await world.server.users.lock('alice');
    release();
    await settle();
    expect(late.closeCode).toBe('account-locked');
    expect(late.take('welcome')).toEqual([]);
  });

  it('[SV105] sets a password that every device must give', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const { users } = world.server;
    expect(await users.setPassword('alice', 'short')).toMatchObject(refusedWith('weak-password'));
    expect(await users.setPassword('alice', 'another quiet heron 4')).toMatchObject({ ok: true });
    await settle();
    expect(alice.closeCode).toBe('password-changed');
    expect(codeOf(await world.connect(alice.device).resume())).toBe('unknown-device');
    expect(codeOf(await world.connect(alice.device).login('alice', 'another quiet heron 4'))).toBe('welcome');
  });

  it('[SV104] deletes an account: its friends keep a tombstone, its name is never given again', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    bob.received.length = 0;
    const { users } = world.server;
    expect(await users.delete('alice')).toEqual({ ok: true, value: { account: alice.account, name: 'alice' } });
    await settle();
    expect(alice.closeCode).toBe('account-deleted');
    expect(bob.take('roster').flatMap(({ entries }) => entries)).toMatchObject([{ state: 'removed' }]);
    expect(await users.delete('alice')).toMatchObject(refusedWith('not-found'));
    expect(await users.lock('alice')).toMatchObject(refusedWith('not-found'));
    expect(await users.add({ name: 'alice', displayName: 'A', password: PASSWORD })).toMatchObject(
      refusedWith('name-taken'),
    );
  });

  it('writes down every change, and nothing that is secret', async () => {
    const world = await TestWorld.start({}, { registration: 'invite' });
    const { users } = world.server;
    await users.add({ name: 'alice', displayName: 'Alice', password: PASSWORD });
    const invite = await users.invite({ uses: 3, validMs: DAY_MS });
    await users.lock('alice');
    await users.unlock('alice');
    await users.setPassword('alice', 'another quiet heron 4');
    await users.delete('alice');
    await world.server.sendNotice('the library closes at eight');
    const entries = await users.audit({ before: 0, limit: 100 });
    expect(entries.map(({ action }) => action).toReversed()).toEqual([
      ...['user-add', 'invite-add', 'user-lock', 'user-unlock', 'user-password', 'user-delete', 'notice-send'],
    ]);
    expect(entries.every(({ actor }) => actor === 'operator')).toBe(true);
    const written = JSON.stringify(entries);
    const code = invite.ok ? invite.value.code : '';
    for (const secret of [PASSWORD, 'heron', code, 'library']) expect(written).not.toContain(secret);
  });

  it('goes on when the audit log cannot be written', async () => {
    const world = await TestWorld.start();
    world.store.appendAudit = () => Promise.reject(new Error('disk full'));
    const added = await world.server.users.add({ name: 'alice', displayName: 'A', password: PASSWORD });
    expect(added).toMatchObject({ ok: true });
  });
});

describe('registration by invitation (SV106)', () => {
  it('[SV106] lets in as many as the code says, however it is typed', async () => {
    const world = await TestWorld.start({}, { registration: 'invite' });
    const invited = await world.server.users.invite({ uses: 2, validMs: DAY_MS });
    const code = invited.ok ? invited.value.code : '';
    expect(code).toMatch(/^([a-z2-7]{4}-){6}[a-z2-7]{2}$/);
    expect(await world.server.users.invites()).toMatchObject([{ usesLeft: 2 }]);
    const codes = [];
    for (const [name, invite] of [
      ['alice', ''],
      ['alice', 'no code'],
      ['alice', code.replace(/^..../, 'aaaa')],
      ['alice', ` ${code.toUpperCase().replaceAll('-', ' ')} `],
      ['bob', code],
      ['carol', code],
    ] as const) {
      codes.push(codeOf(await world.connect().register(name, PASSWORD, { invite })));
    }
    expect(codes).toEqual(['bad-invite', 'bad-invite', 'bad-invite', 'welcome', 'welcome', 'bad-invite']);
    expect(await world.server.users.invites()).toEqual([]);
  });

  it('[SV106] lets in one of two who use the last place at the same time', async () => {
    const world = await TestWorld.start({}, { registration: 'invite' });
    const invited = await world.server.users.invite({ uses: 1, validMs: DAY_MS });
    const invite = invited.ok ? invited.value.code : '';
    const answers = await Promise.all(
      ['alice', 'bob'].map((name) => world.connect().register(name, PASSWORD, { invite })),
    );
    expect(answers.map(codeOf).toSorted()).toEqual(['bad-invite', 'welcome']);
  });

  it('[SV106] ends with its time', async () => {
    const world = await TestWorld.start({}, { registration: 'invite' });
    const invited = await world.server.users.invite({ uses: 1, validMs: 60_000 });
    const invite = invited.ok ? invited.value.code : '';
    await world.advance(60_001);
    expect(codeOf(await world.connect().register('alice', PASSWORD, { invite }))).toBe('bad-invite');
  });

  it('[SV106] has tries at codes counted as registrations', async () => {
    const world = await TestWorld.start({ registrationsPerSourcePerHour: 3 }, { registration: 'invite' });
    const codes = [];
    for (let i = 0; i < 4; i++) {
      const invite = `aaaa-bbbb-cccc-dddd-eeee-ffff-g${'abcd'[i]}`;
      codes.push(codeOf(await world.connect().register('alice', PASSWORD, { invite })));
    }
    expect(codes).toEqual(['bad-invite', 'bad-invite', 'bad-invite', 'rate-limited']);
  });

  it.each([
    { uses: 0, validMs: DAY_MS },
    { uses: 1.5, validMs: DAY_MS },
    { uses: 1, validMs: 59_999 },
    { uses: 1, validMs: 91 * DAY_MS },
  ])('refuses an invitation of %j', async (input) => {
    const world = await TestWorld.start();
    expect(await world.server.users.invite(input)).toMatchObject(refusedWith('malformed'));
  });
});
