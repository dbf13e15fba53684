import { gzipSync } from 'node:zlib';
import type { Page, Response } from 'playwright-core';
import { type Row, row } from '../../../../scripts/report.ts';
import { median, pathTo } from '../../friends.ts';
import { eventually } from '../../stage.ts';
import { fillProfile } from '../filled-profile.ts';
import { type PersonOnStage, twoFriends } from '../page-stage.ts';
import { composer, openChatWith } from '../screens.ts';
import { type Proof, TIMES_TAKEN } from './proof.ts';

const FRIENDS = 1_000;
const MESSAGES = 100_000;
const LIST_MS_MAX = 1_000;
const OWN_BUBBLE_MS_MAX = 50;
const FRIENDS_PAGE_MS_MAX = 150;
const WEIGHT_KB_MAX = 250;

/** Some rows are on the screen, and the page has had a frame to show them. Set by the page's own clock. */
const NOTE_LIST = `(function look() {
  const rows = document.querySelectorAll('nav [data-person], nav li, nav [role="option"], nav [role="treeitem"]');
  if (rows.length < 8) return void requestAnimationFrame(look);
  requestAnimationFrame(() => { globalThis.listShownMs = performance.now(); });
})();`;

/** Files that were asked for before the list was there; what the page fetches ahead when it has time is not waited for. */
const LOADED_BEFORE = `performance.getEntriesByType('resource')
  .filter((entry) => entry.startTime < globalThis.listShownMs)
  .map((entry) => entry.name)`;

/** When a text is first among the rows of the conversation, on the clock that all pages of this machine share. */
const NOTE_ROW = `(text) => {
  const shown = () => [...document.querySelectorAll('main li')].some((row) => row.textContent.includes(text));
  globalThis.rowShownAt = new Promise((resolve) => {
    const watcher = new MutationObserver(() => {
      if (!shown()) return;
      watcher.disconnect();
      requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now()));
    });
    watcher.observe(document.body, { childList: true, subtree: true, characterData: true });
  });
}`;

/** When Enter was pressed: the event's own time. */
const NOTE_KEY = `globalThis.keyAt = new Promise((resolve) => addEventListener('keydown', function noted(event) {
  if (event.key !== 'Enter') return;
  removeEventListener('keydown', noted, true);
  resolve(performance.timeOrigin + event.timeStamp);
}, true)); undefined`;

export async function speedRows({ page, say }: Proof): Promise<readonly Row[]> {
  const { alice, bob } = await twoFriends(page);
  await page.stopDaemon('alice');
  const longest = { chat: bob.id, messages: 10_000 };
  await fillProfile(page.stage.path('alice'), { friends: FRIENDS, messages: MESSAGES, longest });
  const daemon = await page.startDaemon('alice');
  const full = { ...alice, daemon };
  await eventually('a direct path', async () => (await pathTo(daemon, 'bob'))?.state === 'direct', 30_000);

  const listMs: number[] = [];
  for (let n = 0; n < TIMES_TAKEN; n++) listMs.push(await openMeasured(page, full));
  const weightKb = await weighed(page, full);
  say(`  list usable after ${listMs.map(Math.round).join(', ')} ms`);
  const { ownMs, friendMs } = await typingTimes(page, full, bob);
  say(
    `  own bubble after ${ownMs.map(Math.round).join(', ')} ms, at the friend's after ${friendMs.map(Math.round)} ms`,
  );
  return [
    atMost(
      'list-usable',
      `list usable with ${FRIENDS} friends, ${MESSAGES} messages`,
      median(listMs),
      'ms',
      LIST_MS_MAX,
    ),
    atMost('own-bubble', 'key press to own bubble', median(ownMs), 'ms', OWN_BUBBLE_MS_MAX),
    atMost('friends-page', 'key press to the page of the friend, direct', median(friendMs), 'ms', FRIENDS_PAGE_MS_MAX),
    atMost('page-weight', 'first load, every file gzipped', weightKb, 'KB', WEIGHT_KB_MAX),
  ];
}

function atMost(id: string, what: string, value: number, unit: string, most: number): Row {
  return row(id, what, Math.round(value * 10) / 10, unit, `at most ${most}`, value <= most);
}

async function openMeasured(stage: Proof['page'], person: PersonOnStage): Promise<number> {
  const context = await stage.newContext({ initScript: NOTE_LIST });
  try {
    const page = await context.newPage();
    const listMs = await openList(stage, person, page);
    // Usable: what is shown can be used at once.
    await openChatWith(page, 'Bob');
    return listMs;
  } finally {
    await context.close();
  }
}

/** Of what was loaded before the list was there. An opening of its own: who listens to every answer slows the page down. */
async function weighed(stage: Proof['page'], person: PersonOnStage): Promise<number> {
  const context = await stage.newContext({ initScript: NOTE_LIST });
  try {
    const page = await context.newPage();
    const responses: Response[] = [];
    page.on('response', (response) => responses.push(response));
    await openList(stage, person, page);
    const before = new Set(await page.evaluate<readonly string[]>(LOADED_BEFORE));
    return await weightOf(
      responses.filter((response) => before.has(response.url()) || response.request().isNavigationRequest()),
    );
  } finally {
    await context.close();
  }
}

async function openList(stage: Proof['page'], person: PersonOnStage, page: Page): Promise<number> {
  await page.goto(await stage.link(person.daemon));
  await eventually('the list is there', () => page.evaluate<boolean>('globalThis.listShownMs !== undefined'));
  return page.evaluate<number>('globalThis.listShownMs');
}

async function weightOf(responses: readonly Response[]): Promise<number> {
  const bodies = await Promise.all(responses.map((response) => response.body().catch(() => Buffer.alloc(0))));
  return bodies.reduce((sum, body) => sum + gzipSync(body, { level: 9 }).length, 0) / 1_024;
}

async function typingTimes(stage: Proof['page'], alice: PersonOnStage, bob: PersonOnStage) {
  const [own, friends] = await Promise.all([stage.openPage(alice.daemon), stage.openPage(bob.daemon)]);
  await openChatWith(own, 'Bob');
  await openChatWith(friends, 'Alice');
  const ownMs: number[] = [];
  const friendMs: number[] = [];
  for (let n = 0; n <= TIMES_TAKEN; n++) {
    const times = await sendMeasured(own, friends, `measured ${n}`);
    // The first one warms up.
    if (n === 0) continue;
    ownMs.push(times.ownMs);
    friendMs.push(times.friendMs);
  }
  await Promise.all([own.context().close(), friends.context().close()]);
  return { ownMs, friendMs };
}

async function sendMeasured(own: Page, friends: Page, text: string) {
  await composer(own).fill(text);
  const noteRow = `(${NOTE_ROW})(${JSON.stringify(text)})`;
  await Promise.all([own.evaluate(noteRow), friends.evaluate(noteRow), own.evaluate(NOTE_KEY)]);
  await composer(own).press('Enter');
  const keyAt = await own.evaluate<number>('globalThis.keyAt');
  const [ownAt, friendAt] = await Promise.all([
    own.evaluate<number>('globalThis.rowShownAt'),
    friends.evaluate<number>('globalThis.rowShownAt'),
  ]);
  return { ownMs: ownAt - keyAt, friendMs: friendAt - keyAt };
}
