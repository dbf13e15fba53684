import type { DeviceId } from '@magpie/common/ids.ts';
import { beforeEach, describe, expect, it } from 'vitest';
import { StoreError } from '../store/store-error.ts';
import { Pursuit } from './pursuit.ts';
import { TestTime } from './test-incoming.ts';
import { EngineWorld } from './test-world.ts';

const DEVICE = 'b0'.repeat(16) as DeviceId;

describe('the pursuit of a device that something waits for (DL)', () => {
  let time: TestTime;
  let tries: number;
  let hasSession: boolean;
  let answers: boolean;
  let pursuit: Pursuit;
  beforeEach(() => {
    time = new TestTime();
    tries = 0;
    hasSession = false;
    answers = false;
    pursuit = new Pursuit({
      clock: time.clock,
      wanted: () => !hasSession,
      ensureSession: () => {
        tries++;
        hasSession = answers;
        if (answers) queueMicrotask(() => pursuit.end(DEVICE));
      },
    });
  });

  it('[DL13] tries again after 2 s, doubling to 60 s', async () => {
    pursuit.begin(DEVICE);
    await time.pass(1_000);
    expect(tries).toBe(1);
    await time.pass(62_000);
    expect(tries).toBe(6);
    await time.pass(600_000);
    expect(tries).toBe(16);
  });

  it('[DL13] goes on so where sessions come and bring nothing', async () => {
    answers = true;
    pursuit.begin(DEVICE);
    for (let second = 0; second < 600; second++) {
      hasSession = false;
      pursuit.beginLater(DEVICE);
      await time.pass(1_000);
    }
    expect(tries).toBeLessThan(20);
  });

  it('[DL13] begins anew once a session has brought something, or long after', async () => {
    answers = true;
    const closeSoon = async (): Promise<void> => {
      for (let turn = 0; turn < 5; turn++) {
        hasSession = false;
        pursuit.beginLater(DEVICE);
        await time.pass(70_000);
      }
    };
    await closeSoon();
    const triedIn2s = async (): Promise<boolean> => {
      const before = tries;
      hasSession = false;
      pursuit.beginLater(DEVICE);
      await time.pass(2_100);
      return tries > before;
    };
    expect(await triedIn2s()).toBe(false);
    await time.pass(70_000);
    pursuit.handleProgress(DEVICE);
    expect(await triedIn2s()).toBe(true);
    await closeSoon();
    await time.pass(600_000);
    expect(await triedIn2s()).toBe(true);
  });

  it('[DL13] [DL41] does not meet a friend whose disk takes nothing every two seconds', async () => {
    const world = await EngineWorld.start();
    const [alice, bob] = await world.friends('alice', 'bob');
    await world.ok(alice.engine.send({ to: 'bob', text: 'one' }));
    await world.until(async () => (await alice.chat('bob')).at(-1)?.state === 'delivered');
    await world.run(3_000);
    const commitIncoming = bob.store.commitIncoming.bind(bob.store);
    const full = () => Promise.reject(new StoreError('full', 'the disk takes nothing'));
    Object.assign(bob.store, { commitIncoming: full });
    await world.ok(alice.engine.send({ to: 'bob', text: 'two' }));
    await world.run(300_000);
    const before = alice.eventsOf('path').length;
    await world.run(300_000);
    expect(alice.eventsOf('path').length - before).toBeLessThan(60);
    Object.assign(bob.store, { commitIncoming });
    await world.until(async () => (await bob.texts('alice')).includes('two'), 61_000);
  });
});
