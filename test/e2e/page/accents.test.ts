import type { Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumMissing } from './browser.ts';
import { PageStage, type PersonOnStage, twoFriends } from './page-stage.ts';
import { openChatWith, rowWith } from './screens.ts';

/** Each of another form, so that a font piles them up. */
const ACCENTS = Array.from({ length: 300 }, (_, n) => String.fromCodePoint(0x300 + (n % 0x50))).join('');
const AROUND = ['I owe you 5', 'and nothing else'];
/** Of 255: a corner is painted a little differently each time; an accent is black on white. */
const NOISE = 16;

describe.skipIf(chromiumMissing() !== undefined)('a letter with hundreds of accents', () => {
  let stage: PageStage;
  let alice: PersonOnStage;
  let bob: PersonOnStage;
  let page: Page;
  beforeAll(async () => {
    stage = await PageStage.open();
    ({ alice, bob } = await twoFriends(stage));
    page = await stage.openPage(alice.daemon, { reducedMotion: 'reduce' });
    await openChatWith(page, 'Bob');
  });
  afterAll(() => stage.close());

  it('paints over no other message', async () => {
    const send = (text: string) => bob.daemon.call('message.send', { to: alice.id, text });
    await send('I owe you 5');
    const { id } = await send('middle');
    await send('and nothing else');
    await rowWith(page, 'and nothing else').waitFor();
    await page.waitForTimeout(500);
    const before = await pictures(page);
    await bob.daemon.call('message.edit', { id, text: `middle ${ACCENTS}e${ACCENTS}` });
    await rowWith(page, ACCENTS).waitFor();
    const after = await pictures(page);
    expect(after.map((picture, n) => differing(picture, before[n]!))).toEqual([0, 0]);
  });
});

/** The messages around it, as they are painted. */
async function pictures(page: Page): Promise<readonly PNG[]> {
  const found: PNG[] = [];
  for (const text of AROUND) found.push(PNG.sync.read(await rowWith(page, text).locator('[data-bubble]').screenshot()));
  return found;
}

function differing(one: PNG, other: PNG): number {
  expect([one.width, one.height]).toEqual([other.width, other.height]);
  return one.data.filter((value, i) => Math.abs(value - (other.data[i] ?? 0)) > NOISE).length;
}
