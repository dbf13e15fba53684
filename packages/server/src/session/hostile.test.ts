import { encodeFrame, type Frame } from '@magpie/common/frames/frame.ts';
import type { AccountNumber, RequestId } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { NO_RECOVERY } from '../accounts/credential-rules.ts';
import { settle, type TestClient, TestWorld } from './test-world.ts';

const requestId = 5 as RequestId;

describe('hostile clients', () => {
  it('[SV3] end one connection at most, their own, with mutated and random frames in every state', async () => {
    const world = await TestWorld.start({
      passwordLoginsPerSourcePerMinute: 1e9,
      handshakesPerSecond: 1e9,
      connectionsPerSourceBurst: 1e9,
      framesPerSecond: 1e9,
      framesBurst: 1e9,
    });
    const [alice, bob] = await world.friends();
    let mallory: TestClient = await world.register('mallory');
    const frames = framesOf(alice, bob);
    let closed = 0;
    for (let round = 0; round < 3_000; round++) {
      const loggedIn = round % 4 !== 0;
      if (loggedIn && mallory.closed) {
        closed += 1;
        mallory = world.connect(mallory.device);
        await mallory.resume();
      }
      const client = loggedIn ? mallory : world.connect(mallory.device);
      const valid = encodeFrame(frames[round % frames.length]!);
      client.sendBytes(round % 2 === 0 ? mutated(valid, world.random.bytes(4)) : world.random.bytes((round % 60) + 1));
      if (round % 10 === 0) await settle();
      if (!loggedIn) client.wire.drop();
    }
    await settle();
    expect(closed).toBeGreaterThan(100);
    expect([alice.closed, bob.closed]).toEqual([false, false]);
    alice.relay(bob.device.id, Uint8Array.of(42));
    await settle();
    expect(bob.take('relayed').map((frame) => [...frame.packet])).toEqual([[42]]);
    await world.advance(20_000);
    expect(world.server.stats()).toMatchObject({ anonymous: 0 });
    expect(world.server.stats().connections).toBeLessThanOrEqual(3);
  });

  it('[SV3] may stop at any byte of a handshake', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const bytes = Buffer.concat(alice.wire.clientWrote);
    for (let length = 0; length < 160; length++) {
      const wire = world.dial();
      wire.clientWrite(bytes.subarray(0, length));
      await settle();
      wire.drop();
    }
    await settle();
    expect(world.server.stats()).toMatchObject({ connections: 1, anonymous: 0, sessions: 1 });
  });

  it('[SV10] leave nothing behind when they are gone', async () => {
    const world = await TestWorld.start();
    for (let i = 0; i < 500; i++) {
      const wire = world.dial(`192.0.2.${i % 250}`);
      wire.clientWrite(world.random.bytes(40));
      if (i % 3 === 0) wire.drop();
      await settle();
    }
    await world.advance(11_000);
    expect(world.server.stats()).toMatchObject({ connections: 0, anonymous: 0, sessions: 0 });
  });
});

function framesOf(alice: TestClient, bob: TestClient): readonly Frame[] {
  const account = 10_001 as AccountNumber;
  const key = new Uint8Array(32).fill(7);
  return [
    { type: 'ping', token: 1 },
    { ...alice.device.registration('x', 'z'), requestId },
    { type: 'login', requestId, account: 'alice', password: 'z', ...bob.device.claim() },
    { type: 'resume', requestId },
    { type: 'lookup', requestId, account: 'alice' },
    { type: 'friend-add', requestId, account, text: 'hi' },
    { type: 'friend-answer', requestId, account, accept: true },
    { type: 'friend-remove', requestId, account },
    { type: 'roster-get', requestId, since: 0 },
    { type: 'presence-set', requestId, status: 'away', text: 'tea' },
    { type: 'introduce', requestId, to: alice.device.id, packet: new Uint8Array(99) },
    { type: 'relay', to: bob.device.id, packet: new Uint8Array(50) },
    { type: 'device-list-get', requestId, account },
    { type: 'reflect-token-get', requestId },
    { type: 'recover', requestId, account: 'alice', newPassword: '', signature: new Uint8Array(64) },
    { ...bob.device.claim(), type: 'enroll', requestId, ...NO_RECOVERY, replaceKey: true },
    { type: 'approval-ask', requestId, signKey: key, label: 'laptop', proof: key },
    { type: 'approve', requestId, exchangeKey: key, sealedSeed: new Uint8Array(80) },
    { type: 'password-change', requestId, oldPassword: 'z', newPassword: 'y' },
    { type: 'devices-get', requestId },
    { type: 'device-list-set', requestId, deviceList: alice.device.list() },
    { type: 'device-chain-get', requestId, account, since: 0 },
    { type: 'profile-set', requestId, displayName: 'x', signatureLine: 'y' },
    { type: 'policy-get', requestId },
    { type: 'policy-set', requestId, ask: 'question', question: 'who?', showLastSeen: false },
    { type: 'account-delete', requestId, password: 'z' },
    { type: 'block', requestId, account },
    { type: 'unblock', requestId, account },
    { type: 'last-seen-get', requestId, accounts: [account] },
    { type: 'notice-ack', requestId, upTo: 1 },
    { type: 'recovery-set', requestId, ...NO_RECOVERY },
  ];
}

/** One byte changed, the end cut off, or bytes added. */
function mutated(frame: Uint8Array, chance: Uint8Array): Uint8Array {
  const [kind = 0, at = 0, value = 0, more = 0] = chance;
  const out = Uint8Array.from([...frame, ...(kind % 3 === 2 ? new Uint8Array(more) : [])]);
  if (kind % 3 === 1) return out.subarray(0, Math.max(1, at % out.length));
  out[at % out.length]! ^= value;
  return out;
}
