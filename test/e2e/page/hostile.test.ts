import { join } from 'node:path';
import type { AccountName, AccountNumber } from '@magpie/common/ids.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { openDatabase } from '@magpie/peer/store/sqlite-open.ts';
import { openSqlitePeerStore } from '@magpie/peer/store/sqlite-store.ts';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../stage.ts';
import { chromiumMissing } from './browser.ts';
import { naughtyStrings, PAYLOADS } from './hostile-texts.ts';
import { LogProbe } from './log-probe.ts';
import { PageStage, type PersonOnStage, twoFriends } from './page-stage.ts';
import { openChatWith, showList, showNotices } from './screens.ts';

const naughty = naughtyStrings();
/** What is nothing but space is no message, and no name. */
const TEXTS = [...PAYLOADS, ...(naughty ?? [])].filter((text) => text.trim() !== '');
const FIRST_FRIEND = 30_001;
/** The page reads no more of them. */
const NOTICES_AT_ONCE = 50;

/** What no text may ever become. Icons are the page's own `svg`. */
const NEVER_MADE =
  'script:not([src^="/"]), iframe, object, embed, base, meta[http-equiv], math, marquee, video, audio, template, form[action], style, link[href^="data:"], img:not([src^="blob:"])';

/**
 * Texts of others reach the page as names, signature lines, groups, messages and notices. A script that runs would be
 * noticed as a dialog, an error, a violation or a request (browser.test.ts); here each is also shown as what it is.
 */
describe.skipIf(chromiumMissing() !== undefined)(`${TEXTS.length} hostile texts`, () => {
  let stage: PageStage;
  let alice: PersonOnStage;
  let bob: PersonOnStage;
  let page: Page;
  beforeAll(async () => {
    stage = await PageStage.open();
    ({ alice, bob } = await twoFriends(stage));
    for (const text of TEXTS) await bob.daemon.call('message.send', { to: alice.id, text });
    await eventually(
      'all are there',
      async () => (await alice.daemon.call('status', {})).unread.messages >= TEXTS.length,
    );
    await stage.stopDaemon('alice');
    await addFriends(stage.stage.path('alice'));
    alice = { ...alice, daemon: await stage.startDaemon('alice') };
    page = await stage.openPage(alice.daemon);
  });
  afterAll(() => stage.close());

  it.skipIf(naughty === undefined)('hold the 515 naughty strings', () => expect(naughty).toHaveLength(515));

  it('are shown as text in messages, and link only to http, https and mailto', async () => {
    await openChatWith(page, 'Bob');
    const log = await LogProbe.in(page);
    const seen: string[] = [];
    const links = new Set<string>();
    // From the oldest unread one on: they are all unread.
    for (let stood = 0, before = ''; stood < 3; ) {
      seen.push(...(await textsOf(page, 'main ol [data-row]')));
      for (const link of await linksIn(page)) links.add(link);
      await log.scrollToEnd();
      await page.waitForTimeout(150);
      const last = (await log.ids()).at(-1) ?? '';
      stood = last === before ? stood + 1 : 0;
      before = last;
    }
    expect(missing(seen)).toEqual([]);
    expect([...links].filter((protocol) => !/^(https?|mailto):$/.test(protocol))).toEqual([]);
    expect(await page.locator(NEVER_MADE).count()).toBe(0);
  });

  it('are shown as text in names, signature lines and groups', async () => {
    await showList(page, 'friends');
    const seen = new Set<string>();
    const scroller = page.getByRole('navigation').getByRole('tabpanel');
    await scroller.getByRole('button').first().focus();
    for (let stood = 0, before = ''; stood < 4; ) {
      for (const text of await textsOf(page, 'nav [data-row]')) seen.add(text);
      await page.keyboard.press('PageDown');
      await page.waitForTimeout(40);
      const last = (await textsOf(page, 'nav [data-row]')).at(-1) ?? '';
      stood = last === before ? stood + 1 : 0;
      before = last;
    }
    expect(missing([...seen])).toEqual([]);
    expect(await page.locator(NEVER_MADE).count()).toBe(0);
  });

  it('are shown as text in notices', async () => {
    const seen: string[] = [];
    for (let from = 0; from < TEXTS.length; from += NOTICES_AT_ONCE) {
      replaceNotices(stage.stage.path('alice'), TEXTS.slice(from, from + NOTICES_AT_ONCE));
      await page.reload();
      await showNotices(page);
      await page.locator('main li').first().waitFor();
      seen.push(...(await textsOf(page, 'main li')));
    }
    expect(missing(seen)).toEqual([]);
    expect(await page.locator(NEVER_MADE).count()).toBe(0);
  });

  it('ran no script and broke nothing', () => expect(stage.browser.troubles).toEqual([]));
});

/** Friends with such names, in such groups. Written as of the roster's version, so that the server says nothing to it. */
async function addFriends(folder: string): Promise<void> {
  const store = await openSqlitePeerStore(join(folder, 'profile.db'));
  const { rosterVersion } = (await store.profile())!;
  const entries = TEXTS.map((text, n) => ({
    account: (FIRST_FRIEND + n) as AccountNumber,
    name: `friend_${n}` as AccountName,
    displayName: text,
    state: 'member' as const,
    version: 1,
    accountKey: new Uint8Array(32).fill(1 + (n % 200)),
    deviceList: new Uint8Array(),
    text: '',
    signatureLine: TEXTS[TEXTS.length - 1 - n] ?? '',
  }));
  await store.applyRoster(entries, rosterVersion);
  await store.saveNotice({ id: 1, at: Date.now() as WallMs, text: PAYLOADS[0] ?? '' });
  await store.close();
  const db = openDatabase(join(folder, 'profile.db'));
  const place = db.prepare('UPDATE known SET contact_group = ? WHERE account = ?');
  for (const [n, text] of PAYLOADS.entries()) place.run(text.trim().slice(0, 80), FIRST_FRIEND + n);
  db.close();
}

function replaceNotices(folder: string, texts: readonly string[]): void {
  const db = openDatabase(join(folder, 'profile.db'));
  const insert = db.prepare('INSERT INTO notice (id, at_ms, text, dismissed) VALUES (?, ?, ?, 1)');
  db.transaction(() => {
    db.exec('DELETE FROM notice');
    for (const [n, text] of texts.entries()) insert.run(n + 1, Date.now(), text);
  })();
  db.close();
}

async function textsOf(page: Page, selector: string): Promise<readonly string[]> {
  return page.locator(selector).evaluateAll((rows) => rows.map((row) => String(row.textContent)));
}

async function linksIn(page: Page): Promise<readonly string[]> {
  return page.locator('main ol a[href]').evaluateAll((links) => links.map((link) => String(link.protocol)));
}

/** Of the texts those that none of the shown ones holds. */
function missing(shown: readonly string[]): readonly string[] {
  const all = shown.map(bare).join('\n');
  return TEXTS.filter((text) => !all.includes(bare(text)));
}

/** Without what the page may leave out or add when it shows a text: space, marks of bold and code, invisible signs. */
function bare(text: string): string {
  return text.replace(/[\s*`\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/gu, '');
}
