import type { DeviceId } from '@magpie/common/ids.ts';
import { RELAY_PACKET_BYTES_MAX } from '@magpie/common/limits.ts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { halfOpen, halfOpenHeld, leaveHalfOpen } from '../chaos/abuse/half-opener.ts';
import { floodPasswords, registerVictims } from '../chaos/abuse/password-flooder.ts';
import {
  befriend,
  ChaosClient,
  LoadDevice,
  outcomeOf,
  registered,
  sourceOf,
  type Target,
  targetOf,
} from '../chaos/chaos-client.ts';
import { eventually, pause, type ServerProcess, Stage } from './stage.ts';

/** Addresses of this test's people; each source has its own budgets. */
const PEOPLE = 20;

/** What abuse cannot do, on a real server with its default limits; how fast anything is, `npm run chaos` judges. */
describe('a server under abuse', () => {
  let stage: Stage;
  let server: ServerProcess;
  let target: Target;
  beforeAll(async () => {
    stage = new Stage();
    server = await stage.startServer();
    target = targetOf(server.address);
  });
  afterAll(() => stage.close());

  it('looks at no more than ten guesses for an account, and lets a device that it knows in all the while', async () => {
    const plan = { address: server.address, seconds: 3, perSecond: 200, sources: 100, accounts: 2 };
    await registerVictims(plan);
    const device = new LoadDevice();
    const known = new ChaosClient(target, source(1), device);
    expect(await known.register('known')).toBe('welcome');
    const flooding = floodPasswords(plan);
    for (let i = 0; i < 10; i++) {
      const again = new ChaosClient(target, source(1), device);
      expect(await (i % 2 === 0 ? again.resume() : again.logIn('known'))).toBe('welcome');
      await again.close();
    }
    const flood = await flooding;
    expect(flood.evaluatedMax).toBeGreaterThan(0);
    expect(flood.evaluatedMax).toBeLessThanOrEqual(10);
    expect(flood.attempts).toBeGreaterThan(300);
    expect(Object.keys(flood.outcomes)).not.toContain('welcome');
  });

  it('closes length bombs at once, lets somebody in beside half-open connections, and forgets those', async () => {
    const friend = await registered(target, 'beside', source(2));
    const wave = await halfOpen({ address: server.address, count: 330, perSecond: 300 });
    expect(wave.opened).toBe(330);
    // Three in eleven claim a length that is never allowed where they are.
    await eventually('those are closed, the others wait', async () => halfOpenHeld() === 240, 8_000);
    const again = new ChaosClient(target, source(2), friend.device);
    expect(await again.resume()).toBe('welcome');
    leaveHalfOpen();
    expect(outcomeOf(await again.request({ type: 'lookup', account: 'beside' }))).toBe('account');
    await again.close();
  });

  it('relays nothing to strangers, to somebody who has blocked, or to nobody, and nothing too large', async () => {
    const [sender, stranger, blocker, friend] = [
      await registered(target, 'sender', source(3)),
      await registered(target, 'stranger', source(4)),
      await registered(target, 'blocker', source(5)),
      await registered(target, 'friendly', source(6)),
    ];
    await befriend(sender, blocker);
    await befriend(sender, friend);
    await blocker.request({ type: 'block', account: sender.account });
    const unwanted: string[] = [];
    for (const each of [stranger, blocker]) {
      each.onFrame = ({ type }) => {
        if (type === 'relayed' || type === 'introduction') unwanted.push(type);
      };
    }
    let arrived = 0;
    friend.onFrame = ({ type }) => {
      if (type === 'relayed') arrived++;
    };
    const nobody = new LoadDevice().id;
    for (const to of [stranger.device.id, blocker.device.id, nobody, friend.device.id]) relay(sender, to, 100);
    const introduced = await sender.request({ type: 'introduce', to: stranger.device.id, packet: new Uint8Array(200) });
    expect(outcomeOf(introduced)).toBe('peer-gone');
    relay(sender, friend.device.id, RELAY_PACKET_BYTES_MAX);
    await pause(500);
    expect(arrived).toBe(2);
    relay(sender, friend.device.id, RELAY_PACKET_BYTES_MAX + 1);
    await sender.ended;
    await pause(200);
    expect(arrived).toBe(2);
    expect(unwanted).toEqual([]);
  });

  it('answers three hundred look-ups of one account in an hour', async () => {
    const scraper = await registered(target, 'scraper', source(7));
    const outcomes: string[] = [];
    for (let i = 0; i < 310; i++) {
      outcomes.push(outcomeOf(await scraper.request({ type: 'lookup', account: `nobody_${i}` })));
    }
    const answered = outcomes.filter((outcome) => outcome === 'not-found').length;
    // A look-up comes back every twelve seconds.
    expect(answered).toBeGreaterThanOrEqual(300);
    expect(answered).toBeLessThan(305);
    expect(outcomes.at(-1)).toBe('rate-limited');
  });

  it('makes sixty accounts for one address in an hour', async () => {
    const outcomes: string[] = [];
    for (let i = 0; i < 64; i++) {
      const client = new ChaosClient(target, source(8));
      outcomes.push(await client.register(`puppet${i}`));
      await client.close();
    }
    expect(outcomes.slice(0, 60).every((outcome) => outcome === 'welcome')).toBe(true);
    expect(outcomes.at(-1)).toBe('rate-limited');
  });

  it('refuses an unknown name, a wrong password and a deleted account with the same bytes', async () => {
    await (await registered(target, 'present', source(9))).close();
    const gone = await registered(target, 'departd', source(10));
    expect(outcomeOf(await gone.request({ type: 'account-delete', password: 'seven quiet magpies' }))).toBe('done');
    const answers = new Set<string>();
    for (const name of ['present', 'departd', 'unknown']) {
      const client = new ChaosClient(target, source(11));
      expect(await client.logIn(name, 'a wrong password')).toBe('wrong-credentials');
      answers.add(Buffer.from(client.lastAnswer!.frame).toString('hex'));
      await client.close();
    }
    expect(answers.size).toBe(1);
  });
});

function relay(from: ChaosClient, to: DeviceId, bytes: number): void {
  from.send({ type: 'relay', to, packet: new Uint8Array(bytes) });
}

function source(i: number): string {
  return sourceOf(PEOPLE, i);
}
