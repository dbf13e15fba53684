import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathTo } from '../friends.ts';
import { eventually, PASSWORD, type RpcConnection } from '../stage.ts';
import { chromiumMissing } from './browser.ts';
import { PageStage } from './page-stage.ts';
import { openChatWith, personRow, press, rowWith, say, showList, shownAs } from './screens.ts';
import { en } from './words.ts';

/** The path of a newcomer, clicked: two people, two pages, nothing typed at a terminal but the link. */
describe.skipIf(chromiumMissing() !== undefined)('the four verbs by the page', () => {
  let stage: PageStage;
  let alice: Page;
  let bob: Page;
  const daemons = new Map<string, RpcConnection>();
  beforeAll(async () => {
    stage = await PageStage.open();
    for (const name of ['alice', 'bob']) daemons.set(name, await stage.startDaemon(name));
    [alice, bob] = await Promise.all([
      stage.openPage(daemons.get('alice')!),
      stage.openPage(daemons.get('bob')!),
    ] as const);
  });
  afterAll(() => stage.close());

  it('registers, shows the recovery code once and goes on when it is kept', async () => {
    await register(alice, 'alice', 'Alice');
    await register(bob, 'bob', 'Bob');
    for (const daemon of daemons.values()) {
      expect((await daemon.call('status', {})).recoveryUnseen).toBe(false);
    }
  });

  it('logs out and in again', async () => {
    await daemons.get('bob')!.call('account.logout', {});
    await press(bob, 'shell.banner.log-in');
    await press(bob, 'sign-in.log-in.do');
    // The server has forgotten the key of the device, so the password is asked for.
    await bob.getByLabel(en('sign-in.password'), { exact: true }).fill(PASSWORD);
    await press(bob, 'sign-in.log-in.do');
    await eventually(
      'bob is back',
      async () => (await daemons.get('bob')!.call('status', {})).server.state === 'connected',
    );
  });

  it('makes friends, and shows which of them are online', async () => {
    await press(alice, 'people.add.title');
    await alice.getByLabel(en('people.add.who')).fill('bob');
    await press(alice, 'people.add.look-up');
    await alice.getByRole('button', { name: en('people.add.ask', { who: 'Bob' }) }).click();
    await showList(bob, 'requests');
    await bob.getByRole('button', { name: en('people.requests.accept-who', { who: 'Alice' }) }).click();
    await showList(alice, 'friends');
    await personRow(alice, 'Bob').getByText(en('presence.online')).waitFor();
    await showList(bob, 'friends');
    await personRow(bob, 'Alice').getByText(en('presence.online')).waitFor();
  });

  it('chats directly, also while the server is stopped', async () => {
    await openChatWith(alice, 'Bob');
    await openChatWith(bob, 'Alice');
    // The first message opens the session, and the roads are looked for from there.
    await say(alice, 'first words');
    await rowWith(bob, 'first words').waitFor();
    await eventually('a direct path', async () => (await pathTo(daemons.get('alice')!, 'bob'))?.state === 'direct');
    process.kill(stage.server.pid, 'SIGSTOP');
    try {
      await say(alice, 'hello without a server');
      await rowWith(bob, 'hello without a server').waitFor();
      await shownAs(alice, 'hello without a server', 'read');
      await say(bob, 'hello back');
      await rowWith(alice, 'hello back').waitFor();
    } finally {
      process.kill(stage.server.pid, 'SIGCONT');
    }
    await alice
      .getByRole('main')
      .getByRole('button', { name: roadPattern('direct') })
      .waitFor();
  });

  it('goes on by the relay when UDP fails, and says so', async () => {
    for (const daemon of daemons.values()) await daemon.call('debug.dropUdp', { drop: true });
    await say(alice, 'by the relay');
    await rowWith(bob, 'by the relay').waitFor({ timeout: 20_000 });
    await alice
      .getByRole('main')
      .getByRole('button', { name: roadPattern('relay') })
      .waitFor({ timeout: 20_000 });
    await say(alice, 'still by the relay');
    await shownAs(alice, 'still by the relay', 'read');
    await bob
      .getByRole('main')
      .getByRole('button', { name: roadPattern('relay') })
      .waitFor({ timeout: 20_000 });
  });

  it('did nothing wrong in all of it', () => expect(stage.browser.troubles).toEqual([]));

  async function register(page: Page, name: string, displayName: string): Promise<void> {
    await page.getByLabel(en('sign-in.server')).fill(stage.server.address);
    await page.getByLabel(en('sign-in.name'), { exact: true }).fill(name);
    await page.getByLabel(en('sign-in.display-name'), { exact: true }).fill(displayName);
    await page.getByLabel(en('sign-in.password'), { exact: true }).fill(PASSWORD);
    await press(page, 'sign-in.register.do');
    await page.getByRole('checkbox', { name: en('sign-in.recovery.kept') }).check();
    await press(page, 'sign-in.recovery.do');
    await page.getByRole('navigation').getByText(displayName).first().waitFor();
  }
});

/** Icon, word, milliseconds. */
function roadPattern(road: 'direct' | 'relay'): RegExp {
  const names = road === 'direct' ? [en('road.direct'), en('road.lan')] : [en('road.relay')];
  return new RegExp(names.join('|'));
}
