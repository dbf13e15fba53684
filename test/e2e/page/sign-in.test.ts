import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, type RpcConnection } from '../stage.ts';
import { chromiumMissing } from './browser.ts';
import { PageStage } from './page-stage.ts';
import { press } from './screens.ts';
import { en } from './words.ts';

describe.skipIf(chromiumMissing() !== undefined)('signing in by the page', () => {
  let stage: PageStage;
  let daemon: RpcConnection;
  let page: Page;
  beforeAll(async () => {
    stage = await PageStage.open();
    await stage.register('taken');
    daemon = await stage.startDaemon('newcomer');
    page = await stage.openPage(daemon);
  });
  afterAll(() => stage.close());

  it('says of a name and a password what is wrong with them while they are typed', async () => {
    await field('sign-in.name').fill('9lives');
    await page.getByText(en('sign-in.name.begin')).waitFor();
    await field('sign-in.password').fill('short');
    await page.getByText(en('sign-in.password.short')).waitFor();
    expect(await page.getByRole('button', { name: en('sign-in.register.do') }).isDisabled()).toBe(true);
  });

  it('asks before the password leaves when nobody knows the key of the server', async () => {
    await field('sign-in.server').fill(stage.server.address.replace(/#.*/, ''));
    await field('sign-in.name').fill('newcomer');
    await field('sign-in.password').fill(PASSWORD);
    await press(page, 'sign-in.register.do');
    const pin = /#(.*)/.exec(stage.server.address)![1]!;
    await page.getByText(en('sign-in.unknown-key.title')).waitFor();
    const shown = (await page.getByRole('main').textContent())!.replace(/[^a-z0-9]/g, '');
    expect(shown).toContain(pin);
    await press(page, 'sign-in.unknown-key.refuse');
    expect(await field('sign-in.name').inputValue()).toBe('newcomer');
  });

  it('says that a name is taken, and keeps what was typed', async () => {
    await field('sign-in.server').fill(stage.server.address);
    await field('sign-in.name').fill('taken');
    await press(page, 'sign-in.register.do');
    await page.getByRole('alert').first().waitFor();
    expect(await page.getByRole('alert').first().textContent()).toContain(en('refusal.name-taken'));
    expect(await field('sign-in.name').inputValue()).toBe('taken');
  });

  it('says that a password is wrong, without saying whether there is such an account', async () => {
    await press(page, 'sign-in.to-log-in');
    expect(await page.getByRole('alert').count(), 'what went wrong with another form').toBe(0);
    await field('sign-in.server').fill(stage.server.address);
    for (const account of ['taken', 'nobody_at_all']) {
      await field('sign-in.account').fill(account);
      await field('sign-in.password').fill('nine loud magpies');
      await press(page, 'sign-in.log-in.do');
      await page.getByRole('alert').first().waitFor();
      expect(await page.getByRole('alert').first().textContent()).toContain(en('refusal.wrong-credentials'));
    }
  });

  it('offers a new device its ways in when the password is right', async () => {
    await field('sign-in.account').fill('taken');
    await field('sign-in.password').fill(PASSWORD);
    await press(page, 'sign-in.log-in.do');
    await page.getByText(en('sign-in.new-device.title')).waitFor();
    await press(page, 'sign-in.back');
  });

  it('did nothing wrong in all of it', () => expect(stage.browser.troubles).toEqual([]));

  function field(key: 'sign-in.server' | 'sign-in.name' | 'sign-in.password' | 'sign-in.account') {
    return page.getByLabel(en(key), { exact: true });
  }
});
