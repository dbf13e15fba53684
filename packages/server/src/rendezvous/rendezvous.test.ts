import type { DeviceId } from '@magpie/common/ids.ts';
import { REFLECT_REQUEST_BYTES } from '@magpie/common/limits.ts';
import { decodeReflectAnswer, encodeReflectQuestion } from '@magpie/common/packets/reflect.ts';
import { describe, expect, it } from 'vitest';
import { settle, TestWorld } from '../session/test-world.ts';

const packet = Uint8Array.from({ length: 200 }, (_, i) => i);

describe('introductions (R3)', () => {
  it('[SV50] gives both friends one fresh psk, and message 1 to the one that is asked', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const first = await alice.request({ type: 'introduce', to: bob.device.id, packet });
    const second = await alice.request({ type: 'introduce', to: bob.device.id, packet });
    if (first.type !== 'introduced' || second.type !== 'introduced') throw new Error('refused');
    const introductions = bob.take('introduction');
    expect(introductions[0]).toMatchObject({ fromAccount: alice.account, from: alice.device.id });
    expect(Buffer.from(introductions[0]!.packet)).toEqual(Buffer.from(packet));
    expect([introductions[0]!.psk, introductions[0]!.pskId]).toEqual([first.psk, first.pskId]);
    expect(first.psk).not.toEqual(second.psk);
    expect(first.pskId).not.toEqual(second.pskId);
  });

  it('[SV51] answers alike for a stranger, an unknown device and a friend who is gone', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    const carol = await world.register('carol');
    bob.send({ type: 'close', code: 'internal', reason: '', retryAfterMs: 0 });
    await settle();
    const answers = [];
    for (const to of [carol.device.id, 'ab'.repeat(16) as DeviceId, bob.device.id]) {
      const answer = await alice.request({ type: 'introduce', to, packet });
      answers.push({ ...answer, requestId: 0 });
    }
    expect(answers[0]).toMatchObject({ type: 'refused', code: 'peer-gone' });
    expect(answers).toEqual([answers[0], answers[0], answers[0]]);
    expect(carol.take('introduction')).toEqual([]);
  });

  it('[SV51] introduces a friend who is away', async () => {
    const world = await TestWorld.start();
    const [alice, bob] = await world.friends();
    await bob.request({ type: 'presence-set', status: 'away', text: '' });
    expect(await alice.request({ type: 'introduce', to: bob.device.id, packet })).toMatchObject({ type: 'introduced' });
  });

  it('[SV50] limits introductions per pair', async () => {
    const world = await TestWorld.start({ introductionsPerPairPerMinute: 2 });
    const [alice, bob] = await world.friends();
    await alice.request({ type: 'introduce', to: bob.device.id, packet });
    await alice.request({ type: 'introduce', to: bob.device.id, packet });
    expect(await alice.refusal({ type: 'introduce', to: bob.device.id, packet })).toBe('rate-limited');
    expect(await bob.request({ type: 'introduce', to: alice.device.id, packet })).toMatchObject({ type: 'introduced' });
  });
});

describe('the reflector', () => {
  const from = { address: '203.0.113.5', port: 4_321 };
  const txid = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

  it('[SV52] tells a logged-in device where its datagram came from, on both ports, with fewer bytes than asked', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const question = encodeReflectQuestion({ token: alice.welcome!.reflectToken, txid });
    expect(question).toHaveLength(REFLECT_REQUEST_BYTES);
    for (const port of alice.welcome!.udpPorts) {
      const socket = world.udp.get(port)!;
      socket.handlers.onDatagram(question, from);
      const answer = socket.sent[0]!;
      expect(answer.to).toEqual(from);
      expect(decodeReflectAnswer(answer.bytes)).toEqual({ txid, observed: from });
      expect(answer.bytes.length).toBeLessThan(question.length);
    }
    expect(world.server.stats().reflected).toBe(2);
  });

  it('[SV53] is silent to everything else', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const socket = world.udp.get(10_000)!;
    const good = encodeReflectQuestion({ token: alice.welcome!.reflectToken, txid });
    const forged = good.slice();
    forged[3]! ^= 1;
    const stun = Uint8Array.from(good);
    stun[0] = 0x00;
    const bad = [
      forged,
      stun,
      good.subarray(1),
      new Uint8Array(0),
      new Uint8Array([...good, 0]),
      new Uint8Array(1_500),
    ];
    for (const bytes of bad) socket.handlers.onDatagram(bytes, from);
    expect(socket.sent).toEqual([]);
    expect(world.server.stats().reflectIgnored).toBe(bad.length);
  });

  it('[SV53] is silent to a question from port 0, to which nothing can be sent', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const socket = world.udp.get(10_000)!;
    const question = encodeReflectQuestion({ token: alice.welcome!.reflectToken, txid });
    socket.handlers.onDatagram(question, { ...from, port: 0 });
    expect(socket.sent).toEqual([]);
    expect(world.server.stats()).toMatchObject({ reflected: 0, reflectIgnored: 1 });
  });

  it('[SV52] refuses a token past its time; a new one is to be had', async () => {
    const world = await TestWorld.start();
    const alice = await world.register('alice');
    const ask = (token: Uint8Array): void =>
      world.udp.get(10_000)!.handlers.onDatagram(encodeReflectQuestion({ token, txid }), from);
    const old = alice.welcome!.reflectToken;
    expect(alice.welcome!.reflectTokenMs).toBe(600_000);
    for (let i = 0; i < 61; i++) {
      await world.advance(10_000);
      alice.send({ type: 'pong', token: 0 });
    }
    ask(old);
    expect(world.server.stats().reflected).toBe(0);
    const fresh = await alice.request({ type: 'reflect-token-get' });
    if (fresh.type !== 'reflect-token') throw new Error('refused');
    ask(fresh.token);
    expect(world.server.stats().reflected).toBe(1);
  });

  it('[SV53] answers so many questions a second and source', async () => {
    const world = await TestWorld.start({ reflectPerSourcePerSecond: 2 });
    const alice = await world.register('alice');
    const socket = world.udp.get(10_000)!;
    const question = encodeReflectQuestion({ token: alice.welcome!.reflectToken, txid });
    for (let i = 0; i < 50; i++) socket.handlers.onDatagram(question, { ...from, port: 1_024 + i });
    expect(socket.sent).toHaveLength(10);
    socket.handlers.onDatagram(question, { address: '203.0.113.6', port: 1 });
    expect(socket.sent).toHaveLength(11);
  });
});
