import type { DeviceId, MailId } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';
import { RESEAL_DEVICES_MAX, RESEALED_PER_DEVICE_MAX } from './limits.ts';
import { ResealLimit } from './reseal-limit.ts';
import { TestTime } from './test-incoming.ts';

const DEVICE = deviceOf(1);

describe('mails that are sealed anew (DL)', () => {
  it('[DL24] lets one be sealed three times an hour for one device', async () => {
    const { limit, time, tries } = setUp();
    expect(tries(DEVICE, 1, 9)).toBe(3);
    expect([tries(DEVICE, 2, 9), tries(deviceOf(2), 1, 9)]).toEqual([3, 3]);
    await time.pass(3_599_000);
    expect(limit.allows(DEVICE, idOf(1))).toBe(false);
    await time.pass(1_001);
    expect(tries(DEVICE, 1, 9)).toBe(3);
  });

  it('[DL24] takes bounded memory, however many ids a friend thinks up', () => {
    const { limit, tries } = setUp();
    for (let n = 0; n < RESEALED_PER_DEVICE_MAX; n++) expect(tries(DEVICE, n, 1)).toBe(1);
    expect(limit.allows(DEVICE, idOf(RESEALED_PER_DEVICE_MAX))).toBe(false);
    expect(limit.allows(DEVICE, idOf(0))).toBe(true);
    for (let n = 2; n < RESEAL_DEVICES_MAX + 2; n++) tries(deviceOf(n), 1, 1);
    // The oldest has made room.
    expect(limit.allows(DEVICE, idOf(RESEALED_PER_DEVICE_MAX))).toBe(true);
  });
});

function setUp() {
  const time = new TestTime();
  const limit = new ResealLimit(time.clock);
  const tries = (device: DeviceId, n: number, count: number): number => {
    let allowed = 0;
    for (let turn = 0; turn < count; turn++) {
      if (!limit.allows(device, idOf(n))) continue;
      limit.note(device, idOf(n));
      allowed++;
    }
    return allowed;
  };
  return { time, limit, tries };
}

function deviceOf(n: number): DeviceId {
  return n.toString(16).padStart(32, 'd') as DeviceId;
}

function idOf(n: number): MailId {
  return n.toString(16).padStart(32, '0') as MailId;
}
