import { type Row, row } from '../../../../scripts/report.ts';
import { fillProfile } from '../filled-profile.ts';
import { LogProbe } from '../log-probe.ts';
import { twoFriends } from '../page-stage.ts';
import { openChatWith } from '../screens.ts';
import type { Proof } from './proof.ts';

const MESSAGES = 2_000;
/** Places from which older rows are fetched: the very top, where the browser does not anchor by itself, and others. */
const PLACES_PX = [400, 0, 150, 0, 37];

const LATE_IMAGES = 4;

/** What one reads does not move when older messages come before it. */
export async function scrollRows({ page, say }: Proof): Promise<readonly Row[]> {
  const { alice, bob } = await twoFriends(page);
  await page.stopDaemon('alice');
  const longest = { chat: bob.id, messages: MESSAGES };
  await fillProfile(page.stage.path('alice'), { friends: 3, messages: MESSAGES, longest });
  const shown = await page.openPage(await page.startDaemon(alice.name));
  await openChatWith(shown, 'Bob');
  const log = await LogProbe.in(shown);
  // The pages that come by themselves are there.
  await shown.waitForTimeout(800);
  const drifts = [];
  for (const place of PLACES_PX) drifts.push(await log.driftOnPrepend(place));
  say(`  drift ${drifts.map(({ prepended, worst }) => (prepended ? `${worst}` : 'nothing came')).join(', ')} px`);
  const fetched = drifts.filter((each) => each.prepended).length;
  const worst = Math.max(...drifts.map((each) => each.worst));
  const late = [];
  await log.scrollToEnd();
  await log.scrollUpBy(1_500);
  for (let n = 0; n < LATE_IMAGES; n++) {
    await log.scrollUpBy(400);
    late.push(await log.driftOnLateImage());
  }
  const filled = late.filter((each) => each.filled).length;
  const moved = Math.max(...late.map((each) => each.worst));
  return [
    row('late-image-drift', `drift on ${filled} pictures that come late`, moved, 'px', '0', moved === 0 && filled >= 3),
    row('prepend-drift', `drift on ${fetched} pages of older messages`, worst, 'px', '0', worst === 0 && fetched >= 3),
  ];
}
