import { encodeRpcMessage } from '@magpie/common/rpc/rpc-message.ts';
import type { RpcMethod } from '@magpie/common/rpc/rpc-table.ts';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumMissing } from './browser.ts';
import { fillProfile, nameOfFriend } from './filled-profile.ts';
import { LogProbe } from './log-probe.ts';
import { PageStage, type PersonOnStage, twoFriends } from './page-stage.ts';
import { choose, composer, openChatWith, personRow, press, rowWith, say, showList, shownAs } from './screens.ts';
import { en } from './words.ts';

const MESSAGES = 400;
const CAUSE = en('error.STORE_FAILED');

/** Methods that fail from now on, as with a full disk. */
const failing = new Set<RpcMethod>();
/** The method that is not answered now, and the calls of it that wait. */
let held: RpcMethod | undefined;
const waiting: (() => void)[] = [];
/** What was refused. */
const asked: { readonly method: RpcMethod; readonly params: unknown }[] = [];

describe.skipIf(chromiumMissing() !== undefined)('what the daemon cannot do', () => {
  let stage: PageStage;
  let alice: PersonOnStage;
  let bob: PersonOnStage;
  let page: Page;
  beforeAll(async () => {
    stage = await PageStage.open();
    ({ alice, bob } = await twoFriends(stage));
    const carol = await stage.register('carol', 'Carol');
    await carol.daemon.call('contact.add', { who: alice.id, text: '' });
    await stage.stopDaemon('alice');
    const longest = { chat: bob.id, messages: MESSAGES };
    await fillProfile(stage.stage.path('alice'), { friends: 5, messages: MESSAGES + 20, longest });
    alice = { ...alice, daemon: await stage.startDaemon('alice') };
    page = await openFailing();
    await openChatWith(page, 'Bob');
  });
  afterAll(() => stage.close());

  it('is said with a way to try again where older messages do not come', async () => {
    const log = await LogProbe.in(page);
    await whileFailing(['message.list'], async () => {
      await log.scrollTo(0);
      await main()
        .getByText(en('chat.load-failed', { because: CAUSE }))
        .waitFor();
      await page.waitForTimeout(300);
      await press(page, 'chat.retry');
      await main()
        .getByText(en('chat.load-failed', { because: CAUSE }))
        .waitFor();
    });
    const before = await log.rowCount();
    await press(page, 'chat.retry');
    await main()
      .getByText(en('chat.load-failed', { because: CAUSE }))
      .waitFor({ state: 'detached' });
    await expect.poll(() => log.rowCount()).toBeGreaterThan(before);
  });

  it('is said with a way to try again where a conversation does not open', async () => {
    await whileFailing(['message.list'], async () => {
      await showList(page, 'chats');
      await personRow(page, nameOfFriend(0)).getByRole('button').first().click();
      await main()
        .getByText(en('chat.load-failed', { because: CAUSE }))
        .waitFor();
    });
    await press(page, 'chat.retry');
    await main().locator('ol [data-row]').first().waitFor();
  });

  it('is said where the search finds no more, and what was found stays', async () => {
    await press(page, 'people.settings');
    await page.keyboard.press('Control+Shift+F');
    await main().getByRole('searchbox').fill('the');
    const found = main().locator('[data-result]');
    await found.first().waitFor();
    const before = await found.count();
    await whileFailing(['message.search'], async () => {
      await press(page, 'chat.search-more');
      await main()
        .getByText(en('chat.search-failed', { because: CAUSE }))
        .waitFor();
      expect(await found.count()).toBe(before);
    });
    await press(page, 'chat.search-more');
    await expect.poll(() => found.count()).toBeGreaterThan(before);
  });

  it('is said of a message that was written, which is kept to be sent again', async () => {
    await openChatWith(page, 'Bob');
    await whileFailing(['message.send'], async () => {
      await say(page, 'kept all the same');
      await rowWith(page, 'kept all the same')
        .getByRole('button', { name: en('chat.retry') })
        .waitFor();
    });
    await rowWith(page, 'kept all the same')
      .getByRole('button', { name: en('chat.retry') })
      .click();
    await shownAs(page, 'kept all the same', 'delivered');
  });

  it('is said of what the daemon has not taken yet: it has no state, and is in this page alone', async () => {
    await whileHeld('message.send', async () => {
      await say(page, 'not taken yet');
      const row = rowWith(page, 'not taken yet');
      await row.getByText(en('chat.pending')).first().waitFor({ state: 'attached' });
      expect(await row.textContent()).not.toContain(en('chat.state.queued'));
      expect(await row.getAttribute('aria-label')).toContain(en('chat.pending'));
    });
    await shownAs(page, 'not taken yet', 'delivered');
  });

  it('is said above the field: a reaction, a nudge, an edit, a recall', async () => {
    const because = en('chat.action-failed', { because: CAUSE });
    await whileFailing(['message.react', 'message.nudge', 'message.edit', 'message.recall'], async () => {
      await rowWith(page, 'kept all the same').locator('[data-bubble]').click({ button: 'right' });
      await page.getByRole('menuitem', { name: en('chat.react-with', { emoji: '👍' }) }).click();
      await main().getByText(because).waitFor();
      await press(page, 'chat.dismiss');
      await press(page, 'chat.nudge');
      await main()
        .getByText(en('chat.nudge-failed', { because: CAUSE }))
        .waitFor();
      await press(page, 'chat.dismiss');
      await choose(page, 'kept all the same', 'chat.edit');
      await composer(page).fill('changed');
      await composer(page).press('Enter');
      await main()
        .getByText(en('chat.edit-failed', { because: CAUSE }))
        .waitFor();
      expect(await composer(page).inputValue()).toBe('changed');
      await press(page, 'chat.edit-cancel');
      await choose(page, 'kept all the same', 'chat.recall');
      await page
        .getByRole('dialog')
        .getByRole('button', { name: en('chat.recall'), exact: true })
        .click();
      await page.getByRole('dialog').getByText(because).waitFor();
      await page
        .getByRole('dialog')
        .getByRole('button', { name: en('chat.cancel') })
        .click();
    });
  });

  it('is said beside what was pressed: a request, a presence, a setting', async () => {
    await whileFailing(['contact.accept', 'presence.set', 'privacy.set', 'contact.block'], async () => {
      await showList(page, 'requests');
      const requests = page.getByRole('navigation');
      await requests.getByRole('button', { name: en('people.requests.accept-who', { who: 'Carol' }) }).click();
      await requests.getByRole('alert').getByText(CAUSE).waitFor();
      await requests.getByRole('button', { name: en('people.requests.block-who', { who: 'Carol' }) }).click();
      await press(page, 'people.confirm.block-yes');
      await page.getByRole('dialog').getByText(CAUSE).waitFor();
      await page
        .getByRole('dialog')
        .getByRole('button', { name: en('people.cancel') })
        .click();
      await page.getByRole('button', { name: en('people.self.presence') }).click();
      await page.getByRole('menuitemradio', { name: new RegExp(`^${en('people.be.busy')}`) }).click();
      await expect.poll(() => requests.getByRole('alert').getByText(CAUSE).count()).toBe(2);
      await press(page, 'people.settings');
      await main()
        .getByRole('button', { name: en('settings.privacy'), exact: true })
        .click();
      await main().getByRole('switch').first().click();
      await main().getByRole('alert').getByText(CAUSE).first().waitFor();
    });
  });

  it('is said of what was chosen from a menu that is gone', async () => {
    await showList(page, 'chats');
    await whileFailing(['message.markRead'], async () => {
      await bob.daemon.call('message.send', { to: alice.id, text: 'unread' });
      await openChatWith(page, 'Bob');
      await rowWith(page, 'unread').waitFor();
      await press(page, 'chat.menu');
      await page.getByRole('menuitem', { name: en('chat.mark-read') }).click();
      await page.getByText(en('shell.action-failed.title')).waitFor();
      await page.getByText(en('shell.action-failed.title')).click();
    });
    // All, also what is behind the rows that are shown.
    expect(asked).toContainEqual({ method: 'message.markRead', params: { chat: bob.id } });
    await alice.daemon.call('contact.block', { who: bob.id });
    await whileFailing(['contact.unblock'], async () => {
      await personRow(page, 'Bob').getByRole('button').first().click({ button: 'right' });
      await page.getByRole('menuitem', { name: en('people.unblock') }).click();
      await page.getByText(en('shell.action-failed.title')).waitFor();
      await page.getByText(CAUSE).first().waitFor();
    });
  });

  it('did nothing wrong in all of it', () => expect(stage.browser.troubles).toEqual([]));

  function main() {
    return page.getByRole('main');
  }

  async function whileFailing(methods: readonly RpcMethod[], work: () => Promise<void>): Promise<void> {
    for (const method of methods) failing.add(method);
    await work();
    failing.clear();
  }

  async function whileHeld(method: RpcMethod, work: () => Promise<void>): Promise<void> {
    held = method;
    await work();
    held = undefined;
    for (const goOn of waiting.splice(0)) goOn();
  }

  /** Between this page and its daemon stands somebody who refuses, or keeps it waiting. */
  async function openFailing(): Promise<Page> {
    const context = await stage.newContext();
    const opened = await context.newPage();
    await opened.routeWebSocket(/\/rpc$/, (socket) => {
      const daemon = socket.connectToServer();
      socket.onMessage((message) => {
        const call = callIn(message.toString());
        if (call && call.method === held) return void waiting.push(() => daemon.send(message));
        if (!call || !failing.has(call.method)) return daemon.send(message);
        asked.push({ method: call.method, params: call.params });
        const refusal = encodeRpcMessage({ kind: 'failure', id: call.id, error: { code: 'STORE_FAILED' } });
        socket.send(new TextDecoder().decode(refusal));
      });
    });
    await opened.goto(await stage.link(alice.daemon));
    return opened;
  }
});

interface Call {
  readonly id: number;
  readonly method: RpcMethod;
  readonly params: unknown;
}

function callIn(line: string): Call | undefined {
  return line.startsWith('{') ? (JSON.parse(line) as Call) : undefined;
}
