import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { agoWords, fullTime, listTime } from './when.ts';

const now = Date.parse('2026-05-03T10:00:00.000Z');
const zoneBefore = process.env.TZ;

describe('times in lists', () => {
  beforeAll(() => {
    process.env.TZ = 'Asia/Shanghai';
  });
  afterAll(() => {
    if (zoneBefore === undefined) delete process.env.TZ;
    else process.env.TZ = zoneBefore;
  });

  it.each([
    ['2026-05-03T06:02:00.000Z', '02:02 PM', '14:02'],
    // 16:30 UTC is past midnight in Shanghai.
    ['2026-05-02T16:30:00.000Z', '12:30 AM', '00:30'],
    ['2026-05-02T10:00:00.000Z', 'Yesterday', '昨天'],
    ['2026-04-30T10:00:00.000Z', 'Thu', '周四'],
    ['2026-04-01T10:00:00.000Z', 'Apr 1', '4月1日'],
    ['2025-04-01T10:00:00.000Z', '4/1/2025', '2025/4/1'],
    ['nonsense', '', ''],
  ])('say of %s as much as is needed', (at, en, zh) => {
    expect([listTime(at, now, 'en'), listTime(at, now, 'zh-CN')]).toEqual([en, zh]);
  });

  it('show a moment ahead of the own clock with its date', () => {
    expect(listTime('2026-05-04T10:00:00.000Z', now, 'en')).toBe('May 4');
  });

  it('say how long ago in steps that are known', () => {
    expect(agoWords('2026-05-03T09:58:00.000Z', now, 'en')).toBe('10 minutes ago');
    expect(agoWords('2026-05-03T09:36:00.000Z', now, 'zh-CN')).toBe('20分钟前');
    expect(agoWords('2026-05-03T07:00:00.000Z', now, 'en')).toBe('3 hours ago');
    expect(agoWords('2026-05-02T09:00:00.000Z', now, 'zh-CN')).toBe('昨天');
  });

  it('give the whole moment where there is room', () => {
    expect(fullTime('2026-05-03T06:02:00.000Z', 'zh-CN')).toBe('2026年5月3日星期日 14:02');
  });
});
