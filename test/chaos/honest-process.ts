// Two friends who chat through the relay, and people who log in, in a process that attackers do not share.

import { serveBench } from '../bench/bench-process.ts';
import { quantile } from '../bench/figures.ts';
import { pause } from '../e2e/stage.ts';
import { befriend, ChaosClient, LoadDevice, registered, sourceOf, type Target, targetOf } from './chaos-client.ts';

const MESSAGES_PER_SECOND = 20;
/** A message of a hundred bytes or so, as a sealed packet. */
const PACKET_BYTES = 160;
const WARM_UP_AT_ONCE = 16;
const WARM_UP_LOGINS = 800;
/** What was sent must have arrived this long after the chat ends. */
const TAIL_MS = 3_000;
/** Addresses of honest people. */
const HONEST = 9;

export interface ChatFigures {
  readonly sent: number;
  readonly received: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LoginFigures {
  readonly count: number;
  readonly accepted: number;
  readonly seconds: number;
  readonly maxMs: number;
  readonly outcomes: Readonly<Record<string, number>>;
}

export interface LoginPlan {
  /** Which of the known devices; only one plan at a time may use it, since a later login replaces an earlier one. */
  readonly who: 0 | 1 | 2;
  readonly count: number;
  readonly overMs: number;
  readonly how: 'key' | 'password';
  /** Where each comes from; absent: from where it logged in before. */
  readonly sources?: readonly string[];
}

let target: Target;
let pair: readonly [ChaosClient, ChaosClient];
let chat: { end: () => Promise<ChatFigures> } | undefined;
/** Devices that their accounts know. */
const known = ['wren', 'finch', 'swift'].map((name) => ({ name, device: new LoadDevice() }));

serveBench({
  /** Two friends, and others whose devices are known. */
  prepare: async (address: string) => {
    target = targetOf(address);
    const [robin, jay] = [
      await registered(target, 'robin', sourceOf(HONEST, 0)),
      await registered(target, 'jay', sourceOf(HONEST, 1)),
    ];
    await befriend(robin, jay);
    pair = [robin, jay];
    for (const { name, device } of known) await register(name, device);
    await warmUp();
  },
  startChat: () => {
    chat = startChat(...pair);
  },
  endChat: () => chat?.end(),
  logIns,
  /** Whether the two are still connected as they were. */
  alive: () => pair.filter(({ closed }) => !closed).length,
});

async function register(name: string, device: LoadDevice): Promise<void> {
  const client = new ChaosClient(target, sourceOf(HONEST, 2), device);
  const outcome = await client.register(name);
  if (outcome !== 'welcome') throw new Error(`registration of ${name}: ${outcome}`);
  await client.close();
}

/**
 * What is attacked is a server in use: every thread that hashes has hashed, and connections have come and gone. What a
 * process needs once for that is not what an attacker costs it.
 */
async function warmUp(): Promise<void> {
  const devices = Array.from({ length: WARM_UP_AT_ONCE }, () => new LoadDevice());
  const round = (i: number): string => sourceOf(HONEST, 10 + i);
  await Promise.all(devices.map((device, i) => register(`early${i}`, device)));
  for (let n = 0; n < WARM_UP_LOGINS / WARM_UP_AT_ONCE; n++) {
    const clients = devices.map((device, i) => new ChaosClient(target, round(i), device));
    await Promise.all(clients.map((client) => client.resume()));
    await Promise.all(clients.map((client) => client.close()));
  }
}

function startChat(from: ChaosClient, to: ChaosClient): { end: () => Promise<ChatFigures> } {
  const sentAtMs: number[] = [];
  const latenciesMs: number[] = [];
  to.onFrame = (frame) => {
    if (frame.type !== 'relayed') return;
    const number = new DataView(frame.packet.buffer, frame.packet.byteOffset).getUint32(0);
    latenciesMs.push(performance.now() - sentAtMs[number]!);
  };
  const startedMs = performance.now();
  const timer = setInterval(() => {
    while (sentAtMs.length < ((performance.now() - startedMs) * MESSAGES_PER_SECOND) / 1000) {
      const packet = new Uint8Array(PACKET_BYTES);
      new DataView(packet.buffer).setUint32(0, sentAtMs.length);
      sentAtMs.push(performance.now());
      from.send({ type: 'relay', to: to.device.id, packet });
    }
  }, 1000 / MESSAGES_PER_SECOND);
  const end = async (): Promise<ChatFigures> => {
    clearInterval(timer);
    const untilMs = performance.now() + TAIL_MS;
    while (latenciesMs.length < sentAtMs.length && performance.now() < untilMs) await pause(10);
    const sorted = Float64Array.from(latenciesMs).sort();
    return {
      ...{ sent: sentAtMs.length, received: sorted.length },
      ...{ p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99), maxMs: sorted.at(-1) ?? Number.NaN },
    };
  };
  return { end };
}

/** Logins one after the other, spread over the time; each has one try, connection included. */
async function logIns({ who, count, overMs, how, sources }: LoginPlan): Promise<LoginFigures> {
  const outcomes: Record<string, number> = {};
  let maxMs = 0;
  const { name, device } = known[who]!;
  const startedMs = performance.now();
  for (let i = 0; i < count; i++) {
    await pause(Math.max(0, startedMs + (i * overMs) / count - performance.now()));
    const source = sources?.[i % sources.length] ?? sourceOf(HONEST, 2);
    const begunMs = performance.now();
    const client = new ChaosClient(target, source, device);
    const outcome = how === 'key' ? await client.resume() : await client.logIn(name);
    maxMs = Math.max(maxMs, performance.now() - begunMs);
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    await client.close();
  }
  const seconds = (performance.now() - startedMs) / 1000;
  return { count, accepted: outcomes.welcome ?? 0, seconds, maxMs, outcomes };
}
