import type { Endpoint } from '@magpie/common/net.ts';
import { decodeReflectQuestion, encodeReflectAnswer } from '@magpie/common/packets/reflect.ts';
import type { Instant } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import { ReflectorClient } from './reflector-client.ts';

const FIRST: Endpoint = { address: '10.0.0.1', port: 10_000 };
const SECOND: Endpoint = { address: '10.0.0.1', port: 10_001 };
const TOKEN = new Uint8Array(32).fill(7);
const SEEN: Endpoint = { address: '198.51.100.7', port: 4_242 };

describe('questions', () => {
  it('[SV83] go to each port with the token, each with a transaction of its own', () => {
    const { client, questions } = asked();
    const sent = questions(0);
    expect(sent.map(({ to }) => to)).toEqual([FIRST, SECOND]);
    expect(sent.map(({ question }) => question.token)).toEqual([TOKEN, TOKEN]);
    expect(sent[0]!.question.txid).not.toEqual(sent[1]!.question.txid);
    expect(client.pollTimeout()).toBe(100);
  });

  it('[SV83] are asked at 0, 100 and 400 ms, then no more', () => {
    const { client, questions } = asked([FIRST]);
    const times: number[] = [];
    for (let now = 0; now < 5_000; now += 50) if (questions(now).length > 0) times.push(now);
    expect(times).toEqual([0, 100, 400]);
    expect(client.pollTimeout()).toBeUndefined();
  });

  it('end with the answer', () => {
    const { client, questions } = asked([FIRST]);
    answer(client, questions(0)[0]!.question.txid, FIRST, SEEN, 30);
    expect(questions(100)).toEqual([]);
    expect(client.pollTimeout()).toBeUndefined();
  });

  it('still count the answer to the last of them', () => {
    const { client, questions } = asked([FIRST]);
    const { txid } = questions(0)[0]!.question;
    questions(100);
    questions(400);
    answer(client, txid, FIRST, SEEN, 450);
    expect(client.reflexive).toEqual([SEEN]);
  });
});

describe('answers', () => {
  it('tell distinct addresses once, and each change once', () => {
    const { client, questions } = asked();
    const [a, b] = questions(0);
    expect(client.pollChanged()).toBe(false);
    answer(client, a!.question.txid, FIRST, SEEN, 10);
    answer(client, b!.question.txid, SECOND, SEEN, 11);
    expect(client.reflexive).toEqual([SEEN]);
    expect(client.pollChanged()).toBe(true);
    expect(client.pollChanged()).toBe(false);
  });

  it('[SV83] count only with their own transaction, from the very endpoint that was asked', () => {
    const { client, questions } = asked();
    const [a] = questions(0);
    expect(answer(client, new Uint8Array(8), FIRST, SEEN, 10)).toBe(true);
    expect(answer(client, a!.question.txid, SECOND, SEEN, 10)).toBe(true);
    expect(answer(client, a!.question.txid, { ...FIRST, address: '10.0.0.2' }, SEEN, 10)).toBe(true);
    expect(client.reflexive).toEqual([]);
    expect(client.pollChanged()).toBe(false);
    answer(client, a!.question.txid, FIRST, SEEN, 10);
    expect(client.reflexive).toEqual([SEEN]);
  });

  it('count once: a second one to the same question changes nothing', () => {
    const { client, questions } = asked([FIRST]);
    const { txid } = questions(0)[0]!.question;
    answer(client, txid, FIRST, SEEN, 10);
    answer(client, txid, FIRST, { ...SEEN, port: 666 }, 11);
    expect(client.reflexive).toEqual([SEEN]);
  });

  it('of an earlier round count no more', () => {
    const { client, questions } = asked([FIRST]);
    const { txid } = questions(0)[0]!.question;
    client.ask([FIRST], TOKEN, at(50));
    answer(client, txid, FIRST, SEEN, 60);
    expect(client.reflexive).toEqual([]);
  });

  it('are told from other datagrams', () => {
    const { client } = asked();
    expect(client.handleDatagram(Uint8Array.of(0xc0, 1, 2), FIRST, at(0))).toBe(false);
    expect(client.handleDatagram(new Uint8Array(0), FIRST, at(0))).toBe(false);
  });
});

describe('what is known', () => {
  it('is stale at first, fresh with an answer, stale again 25 s later', () => {
    const { client, questions } = asked([FIRST]);
    expect(client.stale(at(0))).toBe(true);
    answer(client, questions(0)[0]!.question.txid, FIRST, SEEN, 10);
    expect(client.stale(at(25_009))).toBe(false);
    expect(client.stale(at(25_010))).toBe(true);
    expect(client.reflexive).toEqual([SEEN]);
  });

  it('is forgotten when the network changed, with the questions under way', () => {
    const { client, questions } = asked();
    const [a, b] = questions(0);
    answer(client, a!.question.txid, FIRST, SEEN, 10);
    client.pollChanged();
    client.forget();
    expect(client.pollChanged()).toBe(true);
    answer(client, b!.question.txid, SECOND, SEEN, 20);
    expect(client.reflexive).toEqual([]);
    expect(client.pollTimeout()).toBeUndefined();
  });

  it('names only ports that the server still has', () => {
    const { client, questions } = asked();
    const [, b] = questions(0);
    answer(client, b!.question.txid, SECOND, SEEN, 10);
    client.ask([FIRST], TOKEN, at(1_000));
    const moved = { ...SEEN, port: 5_000 };
    answer(client, questions(1_000)[0]!.question.txid, FIRST, moved, 1_010);
    expect(client.reflexive).toEqual([moved]);
  });
});

function asked(servers: readonly Endpoint[] = [FIRST, SECOND]) {
  const client = new ReflectorClient(new SeededRandom(1, 'reflector client'));
  client.ask(servers, TOKEN, at(0));
  const questions = (now: number) => {
    const sent = [];
    for (let out = client.pollTransmit(at(now)); out; out = client.pollTransmit(at(now))) {
      sent.push({ to: out.to, question: decodeReflectQuestion(out.bytes)! });
    }
    return sent;
  };
  return { client, questions };
}

function answer(client: ReflectorClient, txid: Uint8Array, from: Endpoint, observed: Endpoint, now: number): boolean {
  return client.handleDatagram(encodeReflectAnswer({ txid, observed }), from, at(now));
}

function at(ms: number): Instant {
  return ms as Instant;
}
