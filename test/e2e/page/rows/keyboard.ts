import type { Page } from 'playwright-core';
import { type Row, row } from '../../../../scripts/report.ts';
import { contactOf } from '../../friends.ts';
import { eventually, PASSWORD, type RpcConnection } from '../../stage.ts';
import type { PageStage } from '../page-stage.ts';
import { composer, rowWith, shownAs } from '../screens.ts';
import { en } from '../words.ts';
import type { Proof } from './proof.ts';

/** Tab stops that are passed until something is reached; more is a trap, or nobody's idea of a keyboard. */
const STOPS_MAX = 60;

/** What has the focus, and whether one sees it: an outline or a ring of shadow, and nothing over it. */
const FOCUS = `(() => {
  const element = document.activeElement;
  if (!element || element === document.body) return { name: '', seen: true };
  // Where a new screen puts the focus so that it is read out is no stop of the Tab key.
  const label = element.labels?.[0]?.textContent ?? '';
  const name = element.getAttribute('aria-label') ?? (label || element.textContent || element.placeholder || '');
  const style = getComputedStyle(element);
  const around = element.parentElement ? getComputedStyle(element.parentElement) : style;
  const rings = [style, around].some((each) => (each.outlineStyle !== 'none' && parseFloat(each.outlineWidth) > 0) || each.boxShadow !== 'none');
  const box = element.getBoundingClientRect();
  const over = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const covered = box.width > 1 && over !== null && !element.contains(over) && !over.contains(element);
  return { name: name.trim(), seen: element.tabIndex < 0 || ((rings || box.width <= 1) && !covered) };
})()`;

interface Step {
  readonly goal: string;
  readonly go: (walk: Walk) => Promise<void>;
}

/** No pointer is ever used: from an empty profile to a conversation and back. */
export async function keyboardRows({ page: stage, say }: Proof): Promise<readonly Row[]> {
  const bob = await stage.register('bob', 'Bob');
  const daemon = await stage.startDaemon('alice');
  const page = await stage.openPage(daemon);
  const walk = new Walk(page, daemon, stage, bob.daemon);
  let done = 0;
  for (const { goal, go } of STEPS) {
    try {
      await go(walk);
      done += 1;
    } catch (error) {
      say(
        `  ${goal}: ${error instanceof Error ? error.message.split('\n')[0] : error}; focus is on "${await walk.focused()}"`,
      );
    }
  }
  for (const name of walk.unseen) say(`  the focus is not seen on "${name}"`);
  return [
    row(
      'keyboard-walk',
      'goals reached by keyboard alone',
      `${done} of ${STEPS.length}`,
      '',
      'all',
      done === STEPS.length,
    ),
    row('focus-seen', 'stops where the focus is not seen', walk.unseen.size, '', '0', walk.unseen.size === 0),
  ];
}

const STEPS: readonly Step[] = [
  {
    goal: 'register',
    go: async (walk) => {
      await walk.tabTo(en('sign-in.server'));
      await walk.page.keyboard.type(walk.stage.server.address);
      await walk.tabTo(en('sign-in.name'));
      await walk.page.keyboard.type('alice');
      await walk.tabTo(en('sign-in.display-name'));
      await walk.page.keyboard.type('Alice');
      await walk.tabTo(en('sign-in.password'));
      await walk.page.keyboard.type(PASSWORD);
      await walk.page.keyboard.press('Enter');
      await walk.page.getByText(en('sign-in.recovery.title')).waitFor();
      await walk.page.waitForTimeout(1_000);
      await walk.tabTo(en('sign-in.recovery.kept'));
      await walk.page.keyboard.press('Space');
      await walk.tabTo(en('sign-in.recovery.do'));
      await walk.page.keyboard.press('Enter');
      await walk.page.getByRole('tab', { name: en('people.tab.chats') }).waitFor();
    },
  },
  {
    goal: 'add a friend',
    go: async (walk) => {
      await walk.tabTo(en('people.add.title'));
      await walk.page.keyboard.press('Enter');
      await walk.tabTo(en('people.add.who'));
      await walk.page.keyboard.type('bob');
      await walk.page.keyboard.press('Enter');
      await walk.page.getByRole('button', { name: en('people.add.ask', { who: 'Bob' }) }).waitFor();
      await walk.tabTo(en('people.add.ask', { who: 'Bob' }));
      await walk.page.keyboard.press('Enter');
      await eventually('bob is asked', async () => (await contactOf(walk.bob, 'alice'))?.state === 'asking');
      await walk.bob.call('contact.accept', { who: 'alice' });
    },
  },
  {
    goal: 'choose a friend in the list',
    go: async (walk) => {
      await eventually('they are friends', async () => (await contactOf(walk.daemon, 'bob'))?.state === 'member');
      await walk.tabTo(en('people.tab.chats'));
      await walk.page.keyboard.press('ArrowRight');
      await walk.page.getByRole('tab', { name: en('people.tab.friends'), selected: true }).waitFor();
      await walk.page.keyboard.press('Tab');
      for (let n = 0; n < 4 && !(await walk.focused()).includes('Bob'); n++)
        await walk.page.keyboard.press('ArrowDown');
      await walk.page.keyboard.press('Enter');
      await composer(walk.page).waitFor();
    },
  },
  {
    goal: 'write from anywhere',
    go: async (walk) => {
      await walk.page.keyboard.press('Control+k');
      await walk.page.keyboard.type('Bob');
      await walk.page.keyboard.press('Enter');
      await composer(walk.page).waitFor();
      await composer(walk.page).focus();
      await walk.page.keyboard.type('typed');
      await walk.page.keyboard.press('Enter');
      await rowWith(walk.page, 'typed').waitFor();
    },
  },
  {
    goal: 'go through the messages, and use the menu of one',
    go: async (walk) => {
      await walk.page.keyboard.press('Shift+Tab');
      for (let n = 0; n < 12 && !(await walk.focused()).includes('typed'); n++)
        await walk.page.keyboard.press('Shift+Tab');
      await walk.page.keyboard.press('ArrowUp');
      await walk.page.keyboard.press('ArrowDown');
      await walk.page.keyboard.press('ContextMenu');
      await walk.page.getByRole('menu').waitFor();
      await walk.downTo(en('chat.reply'));
      await walk.page.keyboard.press('Enter');
      await walk.page.getByText(en('chat.replying', { who: en('chat.you') })).waitFor();
      await walk.page.keyboard.type('answered');
      await walk.page.keyboard.press('Enter');
      await rowWith(walk.page, 'answered').waitFor();
    },
  },
  {
    goal: 'edit with Up, leave with Esc',
    go: async (walk) => {
      await shownAs(walk.page, 'answered', 'delivered');
      await walk.page.keyboard.press('ArrowUp');
      await walk.page.getByText(en('chat.editing')).waitFor();
      await walk.page.keyboard.press('Escape');
      await walk.page.getByText(en('chat.editing')).waitFor({ state: 'detached' });
    },
  },
  {
    goal: 'find in the conversation, and in all',
    go: async (walk) => {
      await walk.page.keyboard.press('Control+f');
      await walk.page.keyboard.type('typed');
      await walk.page.keyboard.press('Enter');
      await walk.page.locator('[data-flash]').filter({ hasText: 'typed' }).first().waitFor();
      await walk.page.keyboard.press('Escape');
      await walk.page.keyboard.press('Control+Shift+f');
      await walk.page.getByRole('main', { name: en('shell.region.search') }).waitFor();
      await walk.page.keyboard.press('Escape');
      await composer(walk.page).waitFor();
    },
  },
  {
    goal: 'look at the friend, and come back',
    go: async (walk) => {
      await walk.page.keyboard.press('Control+.');
      await walk.page.getByRole('complementary').waitFor();
      await walk.page.keyboard.press('Escape');
      await walk.page.getByRole('complementary').waitFor({ state: 'detached' });
    },
  },
  {
    goal: 'change how one is shown',
    go: async (walk) => {
      await walk.tabTo(en('people.self.presence'));
      await walk.page.keyboard.press('Enter');
      await walk.page.getByRole('menu').waitFor();
      await walk.downTo(en('people.be.busy'));
      await walk.page.keyboard.press('Enter');
      await eventually('alice is busy', async () => (await walk.daemon.call('presence.get', {})).wish === 'busy');
    },
  },
  {
    goal: 'change a setting',
    go: async (walk) => {
      await walk.tabTo(en('people.settings'));
      await walk.page.keyboard.press('Enter');
      await walk.tabTo(en('settings.privacy'));
      await walk.page.keyboard.press('Enter');
      await walk.page.getByRole('heading', { name: en('settings.privacy') }).waitFor();
      await walk.page.keyboard.press('Escape');
    },
  },
  {
    goal: 'go through the regions, and see the list of keys',
    go: async (walk) => {
      const seen = new Set<string>();
      for (let n = 0; n < 4; n++) {
        await walk.page.keyboard.press('Control+F6');
        seen.add(await walk.page.evaluate<string>(`document.activeElement.closest('nav, main, aside')?.tagName ?? ''`));
      }
      if (!seen.has('NAV') || !seen.has('MAIN')) throw new Error(`only ${[...seen]}`);
      await walk.page.keyboard.press('Control+/');
      await walk.page.getByRole('dialog', { name: en('shell.keys.title') }).waitFor();
      await walk.page.keyboard.press('Escape');
    },
  },
];

class Walk {
  readonly page: Page;
  readonly daemon: RpcConnection;
  readonly stage: PageStage;
  readonly bob: RpcConnection;
  readonly unseen = new Set<string>();

  constructor(page: Page, daemon: RpcConnection, stage: PageStage, bob: RpcConnection) {
    this.page = page;
    this.daemon = daemon;
    this.stage = stage;
    this.bob = bob;
  }

  /** With the Tab key, until what has the focus is called so. */
  async tabTo(name: string): Promise<void> {
    for (let stops = 0; stops < STOPS_MAX; stops++) {
      if ((await this.#look()).startsWith(name)) return;
      await this.page.keyboard.press('Tab');
    }
    throw new Error(`"${name}" is not reached`);
  }

  /** With the Down key, in a menu. */
  async downTo(name: string): Promise<void> {
    for (let items = 0; items < STOPS_MAX; items++) {
      if ((await this.focused()).startsWith(name)) return;
      await this.page.keyboard.press('ArrowDown');
    }
    throw new Error(`"${name}" is not in the menu`);
  }

  async focused(): Promise<string> {
    return (await this.page.evaluate<{ readonly name: string }>(FOCUS)).name;
  }

  async #look(): Promise<string> {
    const { name, seen } = await this.page.evaluate<{ readonly name: string; readonly seen: boolean }>(FOCUS);
    if (!seen) this.unseen.add(name.slice(0, 60));
    return name;
  }
}
