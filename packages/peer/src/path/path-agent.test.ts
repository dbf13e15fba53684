import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import type { Candidate, CandidateKind, CandidatesFrame, PathFrame } from '@magpie/common/packets/packet.ts';
import { type Instant, after as later } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { COLD_AFTER_MS, REPUNCH_MS, SUSPECT_MS_MAX } from './limits.ts';
import { PathAgent, type PathEvent } from './path-agent.ts';
import { endpoint, PathWorld, seededRandom } from './path-world.testing.ts';

const ALICE = endpoint('192.168.1.10', 40_000);
const BOB = endpoint('192.168.1.20', 40_000);

describe('path agent (PA)', () => {
  describe('finding a path', () => {
    it('[PA1] starts on the relay and goes direct on a LAN within 100 ms', () => {
      const world = lanWorld();
      expect(world.alice.agent.route).toEqual({ kind: 'relay' });

      world.run(100);

      for (const side of [world.alice, world.bob]) {
        expect(side.agent.state).toBe('direct');
        expect(side.agent.route).toMatchObject({ kind: 'direct', lan: true });
      }
      expect(world.alice.agent.route).toMatchObject({ endpoint: BOB });
    });

    it('[PA1] two peers on one machine go direct over loopback, and stop probing then', () => {
      const world = new PathWorld({ delayMs: 0.1 });
      world.connect([host('127.0.0.1', 1_111 + 40_000)], [host('127.0.0.1', 2_222 + 40_000)]);

      world.run(100);

      expect(world.alice.agent.route).toMatchObject({ kind: 'direct', lan: true });
      expect(world.bob.agent.route).toMatchObject({ kind: 'direct', lan: true });
      const sent = world.probesSent;
      world.run(2_900);
      expect(world.probesSent).toBe(sent);
      expect(sent).toBeLessThan(12);
    });

    it('[PA2] mirrors on the first echo and sends alone only after the second', () => {
      const world = lanWorld({ delayMs: 30 });

      world.run(1_000);

      expect(routes(world.alice.events)).toEqual(['mirrored trial', 'direct proven']);
      expect(routes(world.bob.events).at(-1)).toMatch(/^direct/);
    });

    it('[PA2] acknowledged data proves a path on trial', () => {
      const { agent, now } = trialAgent();

      agent.handleAcked(BOB, 12, now);

      expect(agent.route).toMatchObject({ kind: 'direct', endpoint: BOB });
    });

    it('[PA2] a trial without a second proof ends on the relay after one second', () => {
      const { agent, now } = trialAgent();

      agent.handleTimeout(later(now, 1_000));

      expect(agent.route).toEqual({ kind: 'relay' });
      expect(routes(drainEvents(agent)).at(-1)).toBe('relay trial-failed');
    });

    it('[PA3] stays on the relay when nothing is reachable, and punches again after 1, 5, 15 and 60 s', () => {
      const world = lanWorld({ reachable: () => false });
      const starts = world.roundStartsOfAlice;

      world.run(116_000, { traffic: true });

      expect(world.alice.agent.route).toEqual({ kind: 'relay' });
      expect(routes(world.alice.events)).toEqual([]);
      expect(starts).toHaveLength(5);
      for (const [i, waitMs] of REPUNCH_MS.slice(0, 4).entries()) {
        const gapMs = starts[i + 1]! - starts[i]! - 4_000;
        expect(gapMs).toBeGreaterThanOrEqual(0.8 * waitMs);
        expect(gapMs).toBeLessThanOrEqual(1.2 * waitMs + 1);
      }
    });

    it('[PA4] never goes direct where packets pass one way only', () => {
      const world = lanWorld({ reachable: (from) => endpointText(from) === endpointText(ALICE) });

      world.run(60_000, { traffic: true });

      expect(routes(world.alice.events)).toEqual([]);
      expect(routes(world.bob.events)).toEqual([]);
    });

    it('[PA5] finds a peer behind a NAT that maps anew for us: an unknown source is challenged', () => {
      const seen = endpoint('198.51.100.7', 61_000);
      const world = new PathWorld({ delayMs: 10, sourceSeen: (from) => (from.address === '10.0.0.5' ? seen : from) });
      world.connect([host('10.0.0.5', 40_000)], [host('203.0.113.9', 40_000)]);
      world.run(500);
      expect(world.bob.agent.route).toMatchObject({ kind: 'direct', endpoint: seen, lan: false });
      expect(world.bob.agent.status().pairs.some((pair) => pair.kind === 'peer-reflexive')).toBe(true);
      expect(world.alice.agent.status().observed).toEqual(seen);
    });

    it('[PA6] both sides end on the pair that the controlling one selected, the better of two', () => {
      const far = (e: Endpoint): boolean => e.address.startsWith('203.0.113.');
      const world = new PathWorld({
        delayOf: (from, to) => (far(from) || far(to) ? 40 : 15),
        sourceFor: (to, own) => own.find((one) => far(one) === far(to))!,
      });
      world.connect(
        [host('203.0.113.1', 40_000), host('192.168.1.10', 40_000)],
        [host('203.0.113.2', 40_000), host('192.168.1.20', 40_000)],
      );

      world.run(3_000);

      expect(world.alice.agent.route).toMatchObject({ kind: 'direct', endpoint: BOB });
      expect(world.bob.agent.route).toMatchObject({ kind: 'direct', endpoint: ALICE });
    });

    it('[PA6] gets through 30 % loss with any seed', () => {
      for (let seed = 1; seed <= 30; seed++) {
        const world = lanWorld({ lossRatio: 0.3, delayMs: 20, seed });
        world.run(12_000, { traffic: true, until: () => world.bothDirect });
        expect(world.bothDirect, `seed ${seed}`).toBe(true);
      }
    });
  });

  describe('losing a path', () => {
    it('[PA7] mirrors and resends at once when the transport doubts, and is on the relay within 3 s', () => {
      const world = directWorld();
      world.reachable = () => false;

      world.alice.agent.handleDoubt(BOB, world.now);
      world.run(0);
      expect(world.alice.agent.route).toMatchObject({ kind: 'mirrored', endpoint: BOB });
      expect(world.alice.events.map((event) => event.type)).toContain('resend');

      world.run(SUSPECT_MS_MAX);
      expect(world.alice.agent.route).toEqual({ kind: 'relay' });
      expect(routes(world.alice.events).slice(-2)).toEqual(['mirrored doubt', 'relay lost']);
    });

    it('[PA7] asks by itself after 3 s of silence under traffic', () => {
      const world = directWorld();
      world.reachable = () => false;

      world.run(3_700, { traffic: 'relayed' });
      expect(world.alice.agent.state).toBe('suspect');
      world.run(3_300, { traffic: 'relayed' });
      expect(world.alice.agent.route).toEqual({ kind: 'relay' });
    });

    it('[PA7] one lost packet costs a moment of mirroring, not the path', () => {
      const world = directWorld();
      world.alice.agent.handleDoubt(BOB, world.now);

      world.run(50);

      expect(routes(world.alice.events).slice(-2)).toEqual(['mirrored doubt', 'direct healed']);
    });

    it('[PA7] an echo of a challenge from before the doubt heals nothing, nor does acknowledged data', () => {
      const { agent, now } = directAgent();
      agent.handleTimeout(later(now, 14_000 + 4_000));
      const early = takeChallenge(agent, later(now, 18_000));
      const doubtedAt = later(now, 18_100);
      agent.handleDoubt(BOB, doubtedAt);

      agent.handleProbe(probe({ echo: early }), BOB, doubtedAt);
      agent.handleAcked(BOB, 10, doubtedAt);

      expect(agent.state).toBe('suspect');
    });

    it('[PA8] is direct again within 10 s of the path healing, however long it was dead', () => {
      for (const deadMs of [2_000, 7_000, 40_000, 100_000]) {
        const world = directWorld();
        world.reachable = () => false;
        world.run(deadMs, { traffic: true });
        world.reachable = () => true;

        world.run(10_000, { traffic: true, until: () => world.bothDirect });

        expect(world.bothDirect, `dead for ${deadMs} ms`).toBe(true);
      }
    });

    it('[PA8] leaves a path that passes probes but no data, and waits longer each time', () => {
      const world = directWorld();
      let doubts = 0;
      const doubtLater = (): void => {
        doubts++;
        world.later(400, () => world.alice.agent.handleDoubt(BOB, world.now));
      };
      world.onDirect = (side) => {
        if (side === world.alice) doubtLater();
      };
      doubtLater();

      world.run(60_000, { traffic: 'relayed' });

      const lost = routes(world.alice.events).filter((one) => one === 'relay data-lost');
      expect(lost.length).toBeGreaterThanOrEqual(2);
      expect(doubts).toBeLessThanOrEqual(8);
    });

    it('[PA9] takes a changed network as doubt and forgets where unknown sources were', () => {
      const world = directWorld();
      const stranger = endpoint('198.51.100.77', 50_000);
      world.alice.agent.handleDatagram(stranger, world.now);
      world.alice.agent.networkChanged(world.now);

      expect(world.alice.agent.route).toMatchObject({ kind: 'mirrored', endpoint: BOB });
      expect(world.alice.agent.status().pairs.map((pair) => pair.endpoint)).not.toContainEqual(stranger);
      world.run(200);
      expect(world.bothDirect).toBe(true);
    });

    it('[PA9] follows a peer that moved to another address, after proof: within 350 ms when it controls, else two seconds', () => {
      for (const mover of ['alice', 'bob'] as const) {
        const world = directWorld();
        const moved = endpoint('198.51.100.40', 51_000);
        world.move(world[mover], [host(moved.address, moved.port)]);

        world.run(mover === 'alice' ? 350 : 2_000, { traffic: true });

        const other = mover === 'alice' ? world.bob : world.alice;
        expect(other.agent.route, mover).toMatchObject({ kind: 'direct', endpoint: moved });
        expect(world.bothDirect).toBe(true);
        expect(world.violations).toEqual([]);
      }
    });

    it('[PA9] follows a peer that a NAT mapped anew without its knowledge', () => {
      for (const mapped of [ALICE, BOB]) {
        let port = mapped.port;
        const world = lanWorld({ sourceSeen: (from) => (from.address === mapped.address ? { ...from, port } : from) });
        world.run(500, { traffic: true });
        expect(world.bothDirect).toBe(true);
        port = 50_999;

        world.run(3_000, { traffic: true });

        const other = mapped === BOB ? world.alice : world.bob;
        expect(other.agent.route).toMatchObject({ kind: 'direct', endpoint: { ...mapped, port } });
        expect(world.bothDirect).toBe(true);
      }
    });

    it('[PA9] drops to the relay when the path itself was learned in the network that is left', () => {
      const { agent, now } = directAgent({ named: false });

      agent.networkChanged(now);

      expect(agent.route).toEqual({ kind: 'relay' });
      expect(drainEvents(agent).map((event) => event.type)).toEqual(['route', 'resend']);
    });
  });

  describe('who may move a route', () => {
    it('[PA10] a forged echo proves nothing', () => {
      const { agent, now } = punchingAgent();

      for (let i = 0; i < 20; i++) agent.handleProbe(probe({ echo: new Uint8Array(8).fill(i) }), BOB, now);

      expect(agent.route).toEqual({ kind: 'relay' });
      expect(agent.status().echoesRefused).toBe(20);
    });

    it('[PA10] an echo counts once', () => {
      const { agent, now } = punchingAgent();
      const challenge = takeChallenge(agent, now);

      for (let i = 0; i < 5; i++) agent.handleProbe(probe({ echo: challenge }), BOB, later(now, 10));

      expect(agent.state).toBe('trial');
      expect(agent.status().pairs[0]!.echoes).toBe(1);
    });

    it('[PA10] an echo from another address than the challenge went to proves neither address', () => {
      const { agent, now } = punchingAgent();
      const challenge = takeChallenge(agent, now);

      agent.handleProbe(probe({ echo: challenge }), endpoint('198.51.100.66', 50_000), later(now, 10));

      expect(agent.state).toBe('punching');
      expect(agent.status().pairs.every((pair) => pair.echoes === 0)).toBe(true);
    });

    it('[PA10] an echo that comes after five seconds is too late', () => {
      const { agent, now } = punchingAgent();
      const challenge = takeChallenge(agent, now);

      agent.handleProbe(probe({ echo: challenge }), BOB, later(now, 5_001));

      expect(agent.state).toBe('punching');
    });

    it('[PA11] data from a foreign address is challenged but never followed', () => {
      const world = directWorld();
      const stranger = endpoint('198.51.100.66', 50_000);

      for (let i = 0; i < 100; i++) world.alice.agent.handleDatagram(stranger, world.now);
      const probes = drainProbes(world.alice.agent, world.now);

      expect(world.alice.agent.route).toMatchObject({ kind: 'direct', endpoint: BOB });
      expect(probes.map((one) => one.to)).toEqual([stranger]);
      expect(probes[0]!.frame.challenge).toHaveLength(8);
    });

    it('[PA12] the controlled side follows a selection only after its own echoes from there', () => {
      const { agent, now } = directAgent({ controlling: false });
      const elsewhere = endpoint('198.51.100.66', 50_000);

      agent.handleProbe(probe({ selected: true, selection: 2 }), elsewhere, now);
      expect(agent.route).toMatchObject({ kind: 'direct', endpoint: BOB });
      echoAll(agent, elsewhere, now);
      agent.handleProbe(probe({ challenge: new Uint8Array(8), selected: true, selection: 2 }), elsewhere, now);
      echoAll(agent, elsewhere, now);

      expect(agent.route).toMatchObject({ kind: 'direct', endpoint: elsewhere });
    });

    it('[PA12] an older selection, or the same one from another address, moves nothing', () => {
      const { agent, now } = directAgent({ controlling: false, selection: 5 });
      const elsewhere = endpoint('198.51.100.66', 50_000);

      for (const selection of [4, 5]) {
        for (let i = 0; i < 3; i++) {
          agent.handleProbe(probe({ challenge: new Uint8Array(8), selected: true, selection }), elsewhere, now);
          echoAll(agent, elsewhere, now);
        }
      }

      expect(agent.route).toMatchObject({ kind: 'direct', endpoint: BOB });
    });

    it('[PA12] the controlling side obeys no selection', () => {
      const { agent, now } = directAgent();
      const elsewhere = endpoint('198.51.100.66', 50_000);

      for (let i = 0; i < 3; i++) {
        agent.handleProbe(probe({ challenge: new Uint8Array(8), selected: true, selection: 99 }), elsewhere, now);
        echoAll(agent, elsewhere, now);
      }

      expect(agent.route).toMatchObject({ kind: 'direct', endpoint: BOB });
    });
  });

  describe('relay only', () => {
    it('[PA13] sends no probe, no candidate and no answer', () => {
      const world = new PathWorld({ delayMs: 5, bobDirect: false });
      world.connect([host(ALICE.address, ALICE.port)], [host(BOB.address, BOB.port)]);

      world.run(30_000, { traffic: true });

      expect(world.bob.probesSent).toBe(0);
      expect(world.bob.events).toEqual([]);
      expect(world.bob.agent.state).toBe('blocked');
      expect(world.alice.agent.route).toEqual({ kind: 'relay' });
    });

    it('[PA13] takes its candidates back and leaves the path at once when it is switched on', () => {
      const { agent, now } = directAgent();

      agent.setDirectAllowed(false, now);

      expect(drainEvents(agent)).toEqual([
        { type: 'route', route: { kind: 'relay' }, reason: 'policy' },
        { type: 'resend' },
        { type: 'candidates', frame: { type: 'candidates', generation: 2, candidates: [] } },
      ]);
      expect(agent.pollTimeout()).toBeUndefined();
      agent.handleProbe(probe({ challenge: new Uint8Array(8) }), BOB, now);
      expect(drainProbes(agent, now)).toEqual([]);
    });

    it('[PA19] neither probes nor answers a peer that took its list back, whatever comes late', () => {
      const { agent, now } = directAgent();
      agent.handleCandidates({ type: 'candidates', generation: 9, candidates: [] }, now);
      expect(agent.route).toEqual({ kind: 'relay' });

      agent.handleDatagram(BOB, now);
      agent.handleProbe(probe({ challenge: new Uint8Array(8) }), BOB, now);
      agent.handleSent(now);
      agent.handleTimeout(later(now, 5_000));

      expect(drainProbes(agent, later(now, 5_000))).toEqual([]);
    });

    it('[PA13] finds the path again when direct is allowed again', () => {
      const world = directWorld();
      world.alice.agent.setDirectAllowed(false, world.now);
      world.run(20_000, { traffic: true });
      expect(world.bob.agent.route).toEqual({ kind: 'relay' });

      world.alice.agent.setDirectAllowed(true, world.now);
      world.run(2_000, { traffic: true });

      expect(world.bothDirect).toBe(true);
    });
  });

  describe('budgets', () => {
    it('[PA15] a storm of probes gets a bounded number of answers, queue and table', () => {
      const { agent, now } = punchingAgent();
      let sent = 0;
      for (let i = 0; i < 20_000; i++) {
        const at = later(now, (i / 20_000) * 3_900);
        const from = endpoint(`198.51.${(i >> 8) & 0xff}.${i & 0xff}`, 2_000 + i);
        agent.handleProbe(probe({ challenge: new Uint8Array(8) }), from, at);
        if (i % 1_000 === 0) sent += drainProbes(agent, at).length;
      }
      sent += drainProbes(agent, later(now, 3_900)).length;

      expect(sent).toBeLessThanOrEqual(128);
      expect(agent.status().pairs.length).toBeLessThanOrEqual(16 + 8);
    });

    it('[PA15] a list of many candidates is cut to 16, of which 8 are probed in a round, 8 times each', () => {
      const { agent, now } = freshAgent();
      const candidates = Array.from({ length: 60 }, (_, i) => host(`198.51.100.${i + 1}`, 40_000, i));
      agent.handleCandidates({ type: 'candidates', generation: 1, candidates }, now);

      const perTarget = new Map<string, number>();
      runAlone(agent, now, 4_000, (to) => perTarget.set(endpointText(to), (perTarget.get(endpointText(to)) ?? 0) + 1));

      expect(agent.status().pairs).toHaveLength(16);
      expect(perTarget.size).toBe(8);
      for (const count of perTarget.values()) expect(count).toBeLessThanOrEqual(8);
    });

    it('[PA15] pairs that failed make room for the others in the next round', () => {
      const { agent, now } = freshAgent();
      const candidates = Array.from({ length: 16 }, (_, i) => host(`198.51.100.${i + 1}`, 40_000, i));
      agent.handleCandidates({ type: 'candidates', generation: 1, candidates }, now);

      runAlone(agent, now, 6_000, () => {});

      expect(agent.status().pairsTried).toBe(16);
    });

    it('[PA15] a peer that keeps sending new candidates gains no more than a round in ten seconds', () => {
      const { agent, now } = freshAgent();
      let sent = 0;
      for (let second = 0; second < 300; second++) {
        const at = later(now, second * 1_000);
        agent.handleSent(at);
        const candidates = Array.from({ length: 16 }, (_, i) => host(`198.51.${second % 250}.${i + 1}`, 40_000, i));
        agent.handleCandidates({ type: 'candidates', generation: second + 1, candidates }, at);
        runAlone(agent, at, 999, () => sent++);
      }
      expect(agent.status().rounds).toBeLessThanOrEqual(8 + 30 + 1);
      expect(sent).toBeLessThanOrEqual(39 * 64);
    });

    it('[PA15] never probes an address of the drop list, named or seen', () => {
      const { agent, now } = freshAgent();
      const bad = [endpoint('127.0.0.1', 40_000), endpoint('224.0.0.1', 40_000), endpoint('198.51.100.3', 53)];
      const candidates = bad.map((one, id) => ({ id, kind: 'host' as const, endpoint: one }));
      agent.handleCandidates({ type: 'candidates', generation: 1, candidates }, now);
      for (const from of bad) agent.handleProbe(probe({ challenge: new Uint8Array(8) }), from, now);
      for (const from of bad) agent.handleDatagram(from, now);

      expect(drainProbes(agent, now)).toEqual([]);
      expect(agent.status().pairs).toEqual([]);
    });

    it('[PA15] an older generation of candidates changes nothing', () => {
      const { agent, now } = freshAgent();
      agent.handleCandidates(candidatesFrame(7, [host(BOB.address, BOB.port)]), now);
      agent.handleCandidates(candidatesFrame(6, [host('198.51.100.9', 40_000)]), now);
      agent.handleCandidates(candidatesFrame(7, []), now);

      expect(agent.status().pairs.map((pair) => pair.endpoint)).toEqual([BOB]);
    });
  });

  describe('rest', () => {
    it('[PA16] keeps an idle path warm every 15 s, then goes silent and back to the relay after 120 s', () => {
      const world = directWorld();
      const sentBefore = world.probesSent;

      world.run(COLD_AFTER_MS - 1_000);
      expect(world.bothDirect).toBe(true);
      const keepalives = world.probesSent - sentBefore;
      expect(keepalives).toBeGreaterThan(10);
      expect(keepalives).toBeLessThan(60);

      world.run(2_000);
      expect(world.alice.agent.state).toBe('cold');
      expect(routes(world.alice.events).at(-1)).toBe('relay idle');
      const sent = world.probesSent;
      world.run(3_600_000);
      expect(world.probesSent).toBe(sent);
      expect(world.alice.agent.pollTimeout()).toBeUndefined();
    });

    it('[PA16] traffic wakes a cold path by the relay first, and direct soon after', () => {
      const world = directWorld();
      world.run(COLD_AFTER_MS + 10_000);

      world.sendByApplication();
      expect(world.alice.agent.route).toEqual({ kind: 'relay' });
      world.run(300);

      expect(world.bothDirect).toBe(true);
    });

    it('[PA16] a cold side still answers, so that the other keeps a true picture, but proves nothing itself', () => {
      const { agent, now } = directAgent();
      agent.handleTimeout(later(now, COLD_AFTER_MS));
      const challenge = new Uint8Array(8).fill(9);

      agent.handleProbe(probe({ challenge }), BOB, later(now, COLD_AFTER_MS + 5));
      const [answer] = drainProbes(agent, later(now, COLD_AFTER_MS + 5));

      expect(answer!.frame).toMatchObject({ echo: challenge, challenge: undefined });
      expect(agent.state).toBe('cold');
    });

    it('[PA16] a changed set of candidates is told when there is traffic again, not before', () => {
      const { agent, now } = directAgent();
      agent.handleTimeout(later(now, COLD_AFTER_MS));
      drainEvents(agent);

      agent.setLocalCandidates([host('192.168.9.9', 40_000)], later(now, COLD_AFTER_MS + 1));
      expect(drainEvents(agent)).toEqual([]);
      agent.handleSent(later(now, COLD_AFTER_MS + 2));

      expect(drainEvents(agent)).toMatchObject([{ type: 'candidates', frame: { generation: 2 } }]);
    });
  });

  it('[PA17] holds its promises under loss, one-way outages and changes with any seed', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const world = lanWorld({ lossRatio: 0.1, delayMs: 15, seed });
      for (let step = 0; step < 30; step++) {
        const dice = random.bytes(1)[0]! % 6;
        if (dice === 0) world.reachable = () => false;
        else if (dice === 1) world.reachable = (from) => from.address === ALICE.address;
        else if (dice === 2) world.alice.agent.networkChanged(world.now);
        else if (dice === 3) world.bob.agent.handleDoubt(ALICE, world.now);
        else world.reachable = () => true;
        world.run(1 + (random.bytes(2)[0]! << 4), { traffic: dice !== 5 });
      }
      world.reachable = () => true;
      world.run(15_000, { traffic: true, until: () => world.bothDirect });
      expect(world.bothDirect, `seed ${seed}`).toBe(true);
      expect(world.violations, `seed ${seed}`).toEqual([]);
    }
  });
});

function host(address: string, port: number, id = 1, kind: CandidateKind = 'host'): Candidate {
  return { id, kind, endpoint: { address, port } };
}

function candidatesFrame(generation: number, candidates: readonly Candidate[]): CandidatesFrame {
  return { type: 'candidates', generation, candidates };
}

function lanWorld(options: ConstructorParameters<typeof PathWorld>[0] = {}): PathWorld {
  const world = new PathWorld(options);
  world.connect([host(ALICE.address, ALICE.port)], [host(BOB.address, BOB.port)]);
  return world;
}

function directWorld(): PathWorld {
  const world = lanWorld({ delayMs: 5 });
  world.run(500);
  expect(world.bothDirect).toBe(true);
  return world;
}

const START = 1_000 as Instant;

function freshAgent(controlling = true): { agent: PathAgent; now: Instant } {
  const agent = new PathAgent({ controlling, direct: true, random: seededRandom(1), now: START });
  agent.setLocalCandidates([host(ALICE.address, ALICE.port)], START);
  return { agent, now: START };
}

function punchingAgent(controlling = true): { agent: PathAgent; now: Instant } {
  const { agent, now } = freshAgent(controlling);
  agent.handleCandidates(candidatesFrame(1, [host(BOB.address, BOB.port)]), now);
  expect(agent.state).toBe('punching');
  return { agent, now };
}

function trialAgent(): { agent: PathAgent; now: Instant } {
  const { agent, now } = punchingAgent();
  const at = later(now, 10);
  agent.handleProbe(probe({ echo: takeChallenge(agent, now) }), BOB, at);
  expect(agent.route).toMatchObject({ kind: 'mirrored' });
  // Past the settle time, so that the trial alone is looked at.
  agent.handleTimeout(later(at, 260));
  return { agent, now: at };
}

/** @param named false: the peer named no candidate, so that the path is peer-reflexive */
function directAgent(options: { controlling?: boolean; named?: boolean; selection?: number } = {}): {
  agent: PathAgent;
  now: Instant;
} {
  const { agent, now } = freshAgent(options.controlling ?? true);
  if (options.named !== false) agent.handleCandidates(candidatesFrame(1, [host(BOB.address, BOB.port)]), now);
  const selection = options.selection ?? 1;
  for (let i = 0; i < 3; i++) {
    agent.handleProbe(probe({ challenge: new Uint8Array(8), selected: true, selection }), BOB, now);
    echoAll(agent, BOB, later(now, 1));
  }
  expect(agent.route).toMatchObject({ kind: 'direct', endpoint: BOB });
  const settled = later(now, 300);
  agent.handleTimeout(settled);
  drainProbes(agent, settled);
  drainEvents(agent);
  return { agent, now: settled };
}

function probe(fields: Partial<PathFrame>): PathFrame {
  return {
    type: 'path',
    challenge: undefined,
    echo: undefined,
    selected: false,
    suspect: false,
    keepAlive: false,
    candidateId: 1,
    selection: 0,
    delayMs: 0,
    observed: undefined,
    relayRttMs: 0,
    ...fields,
  };
}

function drainProbes(agent: PathAgent, now: Instant): { to: Endpoint; frame: PathFrame }[] {
  const probes = [];
  for (let one = agent.pollProbe(now); one; one = agent.pollProbe(now)) probes.push(one);
  return probes;
}

function drainEvents(agent: PathAgent): PathEvent[] {
  const events = [];
  for (let one = agent.pollEvent(); one; one = agent.pollEvent()) events.push(one);
  return events;
}

function takeChallenge(agent: PathAgent, now: Instant): Uint8Array {
  const challenge = drainProbes(agent, now).find((one) => one.frame.challenge)?.frame.challenge;
  expect(challenge).toBeDefined();
  return challenge!;
}

/** Answers every challenge that the agent sends to `peer`, as the peer would. */
function echoAll(agent: PathAgent, peer: Endpoint, now: Instant): void {
  for (const { to, frame } of drainProbes(agent, now)) {
    if (endpointText(to) === endpointText(peer) && frame.challenge) {
      agent.handleProbe(probe({ echo: frame.challenge }), peer, later(now, 2));
    }
  }
}

/** Drives one agent to whom nobody answers. */
function runAlone(agent: PathAgent, from: Instant, ms: number, onProbe: (to: Endpoint) => void): void {
  const until = later(from, ms);
  let now = from;
  for (;;) {
    for (const { to } of drainProbes(agent, now)) onProbe(to);
    const at = agent.pollTimeout()?.at;
    if (at === undefined || at > until) return;
    now = Math.max(now, at) as Instant;
    agent.handleTimeout(now);
  }
}

function routes(events: readonly PathEvent[]): string[] {
  return events.flatMap((event) => (event.type === 'route' ? [`${event.route.kind} ${event.reason}`] : []));
}
