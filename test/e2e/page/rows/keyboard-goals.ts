import { contactOf } from '../../friends.ts';
import { eventually, PASSWORD } from '../../stage.ts';
import { composer, rows, rowWith, shownAs } from '../screens.ts';
import { en, wordsIn } from '../words.ts';
import type { Walk } from './keyboard.ts';

interface Goal {
  readonly goal: string;
  readonly go: (walk: Walk) => Promise<void>;
}

const zh = wordsIn('zh-CN');

/** Each begins where the one before has ended. */
export const GOALS: readonly Goal[] = [
  {
    goal: 'register',
    go: async (walk) => {
      await walk.goAround('register');
      await walk.tabTo(en('sign-in.server'));
      await walk.type(walk.stage.server.address);
      await walk.tabTo(en('sign-in.name'));
      await walk.type('alice');
      await walk.tabTo(en('sign-in.display-name'));
      await walk.type('Alice');
      await walk.tabTo(en('sign-in.password'));
      await walk.type(PASSWORD);
      await walk.press('Enter');
      await walk.page.getByText(en('sign-in.recovery.title')).waitFor();
      await walk.tabTo(en('sign-in.recovery.kept'));
      await walk.press('Space');
      await walk.tabTo(en('sign-in.recovery.do'));
      await walk.press('Enter');
      await walk.page.getByRole('tab', { name: en('people.tab.chats') }).waitFor();
      await walk.goAround('the empty page');
    },
  },
  {
    goal: 'add a friend',
    go: async (walk) => {
      await walk.tabTo(en('people.add.title'));
      await walk.press('Enter');
      await walk.page.getByRole('main', { name: en('shell.region.add-friend') }).waitFor();
      await walk.goAround('add a friend');
      await walk.tabTo(en('people.add.who'));
      await walk.type('bob');
      await walk.press('Enter');
      await walk.page.getByRole('button', { name: en('people.add.ask', { who: 'Bob' }) }).waitFor();
      await walk.tabTo(en('people.add.ask', { who: 'Bob' }));
      await walk.press('Enter');
      await eventually('bob is asked', async () => (await contactOf(walk.bob.daemon, 'alice'))?.state === 'asking');
      await walk.bob.daemon.call('contact.accept', { who: 'alice' });
      await eventually('they are friends', () => walk.isFriend('bob'));
      await walk.press('Escape');
    },
  },
  {
    goal: 'accept a request',
    go: async (walk) => {
      await walk.carol.daemon.call('contact.add', { who: 'alice', text: 'hello' });
      await walk.tabTo(en('people.tab.chats'));
      await walk.press('ArrowRight');
      await walk.press('ArrowRight');
      await walk.page.getByRole('tab', { name: en('people.tab.requests'), selected: true }).waitFor();
      const accept = en('people.requests.accept-who', { who: 'Carol' });
      await walk.page.getByRole('button', { name: accept }).waitFor();
      await walk.tabTo(accept);
      await walk.press('Enter');
      await eventually('they are friends', () => walk.isFriend('carol'));
      await walk.page.getByRole('button', { name: accept }).waitFor({ state: 'detached' });
    },
  },
  {
    goal: 'choose a friend in the list, and write',
    go: async (walk) => {
      await walk.backTo(en('people.tab.requests')).catch(() => walk.tabTo(en('people.tab.requests')));
      await walk.press('ArrowLeft');
      await walk.page.getByRole('tab', { name: en('people.tab.friends'), selected: true }).waitFor();
      await walk.press('Tab');
      for (let n = 0; n < 4 && !(await walk.focus()).name.includes('Bob'); n++) await walk.press('ArrowDown');
      await walk.press('Enter');
      await composer(walk.page).waitFor();
      await walk.tabTo(en('chat.field', { who: 'Bob' }));
      await walk.type('typed');
      await walk.press('Enter');
      await rowWith(walk.page, 'typed').waitFor();
      await walk.goAround('a conversation');
    },
  },
  {
    goal: 'reply by the menu of a message',
    go: async (walk) => {
      await menuOf(walk, 'typed');
      await walk.choose(en('chat.reply'));
      await walk.page.getByText(en('chat.replying', { who: en('chat.you') })).waitFor();
      await walk.type('answered');
      await walk.press('Enter');
      await rowWith(walk.page, 'answered').waitFor();
    },
  },
  {
    goal: 'react, and open and leave the menu of a message',
    go: async (walk) => {
      await goToRow(walk, 'typed');
      await walk.andBack('the menu of a message', async () => {
        await walk.press('ContextMenu');
        await walk.page.getByRole('menu').waitFor();
      });
      await walk.press('ContextMenu');
      await walk.page.getByRole('menu').waitFor();
      await walk.choose(en('chat.react-with', { emoji: '🎉' }));
      // The first one: what answers it quotes it.
      await rows(walk.page).filter({ hasText: 'typed' }).first().getByRole('button', { name: /🎉/ }).waitFor();
    },
  },
  {
    goal: 'look at the details of a message',
    go: async (walk) => {
      await goToRow(walk, 'typed');
      await walk.andBack('the details of a message', async () => {
        await walk.press('ContextMenu');
        await walk.page.getByRole('menu').waitFor();
        await walk.choose(en('chat.details'));
        await walk.page.getByRole('dialog').waitFor();
      });
    },
  },
  {
    goal: 'edit with Up; leave another edit with Esc',
    go: async (walk) => {
      await shownAs(walk.page, 'answered', 'delivered');
      await walk.tabTo(en('chat.field', { who: 'Bob' }));
      await walk.press('ArrowUp');
      await walk.page.getByText(en('chat.editing')).waitFor();
      await walk.press('End');
      await walk.type(' twice');
      await walk.press('Enter');
      await rowWith(walk.page, 'answered twice').waitFor();
      await walk.page.getByText(en('chat.editing')).waitFor({ state: 'detached' });
      await walk.press('ArrowUp');
      await walk.page.getByText(en('chat.editing')).waitFor();
      await walk.press('Escape');
      await walk.page.getByText(en('chat.editing')).waitFor({ state: 'detached' });
    },
  },
  {
    goal: 'recall a message',
    go: async (walk) => {
      await walk.tabTo(en('chat.field', { who: 'Bob' }));
      await walk.type('regretted');
      await walk.press('Enter');
      await rowWith(walk.page, 'regretted').waitFor();
      await shownAs(walk.page, 'regretted', 'delivered');
      await menuOf(walk, 'regretted');
      await walk.choose(en('chat.recall'));
      await walk.page.getByRole('dialog').waitFor();
      await walk.tabTo(en('chat.recall'));
      await walk.press('Enter');
      await rowWith(walk.page, en('chat.recalled-own')).waitFor();
    },
  },
  {
    goal: 'nudge',
    go: async (walk) => {
      await walk.backTo(en('chat.nudge'));
      await walk.press('Enter');
      await rowWith(walk.page, en('chat.nudged-them', { who: 'Bob' })).waitFor();
    },
  },
  {
    goal: 'choose an emoji',
    go: async (walk) => {
      await walk.tabTo(en('chat.emoji'));
      await walk.press('Enter');
      await walk.page.locator('[data-emoji]').first().waitFor();
      await walk.tabTo(en('chat.emoji-search'));
      await walk.type('bird');
      await walk.page
        .getByText(/\d+ matches/)
        .first()
        .waitFor({ state: 'attached' });
      await walk.press('ArrowDown');
      await walk.press('ArrowRight');
      await walk.press('Enter');
      await eventually('it is in the field', async () => (await composer(walk.page).inputValue()) !== '', 2_000);
      await walk.isBackAt('the emoji', await fieldFocus(walk));
      await walk.press('Control+a');
      await walk.press('Delete');
    },
  },
  {
    goal: 'find in the conversation, and in all of them',
    go: async (walk) => {
      await walk.press('Control+f');
      await walk.page.locator('main input[type="search"]:focus').waitFor();
      await walk.type('typed');
      await walk.press('Enter');
      await walk.page.locator('[data-flash]').filter({ hasText: 'typed' }).first().waitFor();
      await walk.press('Escape');
      await walk.isBackAt('the find panel', await fieldFocus(walk));
      await walk.press('Control+Shift+f');
      await walk.page.locator('main input[type="search"]:focus').waitFor();
      await walk.type('answered');
      await walk.page.getByRole('search').getByRole('listitem').first().waitFor();
      await walk.goAround('the search');
      await walk.tabTo(en('chat.search-field'));
      await walk.press('Enter');
      await walk.page.locator('[data-flash]').filter({ hasText: 'answered' }).first().waitFor();
    },
  },
  {
    goal: 'jump to the newest message, and scroll while writing',
    go: async (walk) => {
      for (let n = 0; n < 30; n++) await walk.bob.daemon.call('message.send', { to: 'alice', text: `line ${n}` });
      await rowWith(walk.page, 'line 29').waitFor();
      await walk.tabTo(en('chat.field', { who: 'Bob' }));
      await walk.press('PageUp');
      await walk.press('PageUp');
      await walk.page.getByRole('button', { name: en('chat.jump'), exact: true }).waitFor();
      await walk.press('Control+End');
      await walk.page.getByRole('button', { name: en('chat.jump'), exact: true }).waitFor({ state: 'detached' });
    },
  },
  {
    goal: 'go to a chat by letters, and to the next one by arrows',
    go: async (walk) => {
      await walk.andBack('the switcher', async () => {
        await walk.press('Control+k');
        await walk.page.getByRole('dialog', { name: en('shell.switcher.title') }).waitFor();
      });
      await walk.press('Control+k');
      await walk.type('Carol');
      await walk.press('Enter');
      await walk.page.getByRole('main', { name: en('shell.region.chat', { who: 'Carol' }) }).waitFor();
      await walk.type('hello Carol');
      await walk.press('Enter');
      await rowWith(walk.page, 'hello Carol').waitFor();
      await walk.press('Alt+ArrowDown');
      await walk.page.getByRole('main', { name: en('shell.region.chat', { who: 'Bob' }) }).waitFor();
    },
  },
  {
    goal: 'look at the friend, change the remark, and come back',
    go: async (walk) => {
      await walk.tabTo(en('chat.field', { who: 'Bob' }));
      await walk.andBack('the panel about a friend', async () => {
        await walk.press('Control+.');
        await walk.page.getByRole('complementary').waitFor();
        await walk.page.getByRole('list', { name: en('people.safety.digits') }).waitFor();
        await walk.goAround('the panel about a friend');
        const change = en('people.about.change-what', { what: en('people.remark.label') });
        await walk.tabTo(change);
        await walk.andBack('the remark', async () => {
          await walk.press('Enter');
          await walk.page.getByRole('dialog').waitFor();
        });
        await walk.tabTo(change);
        await walk.press('Enter');
        await walk.page.getByRole('dialog').waitFor();
        await walk.tabTo(en('people.remark.label'));
        await walk.type('Bobby');
        await walk.press('Enter');
        await walk.page.getByRole('main', { name: en('shell.region.chat', { who: 'Bobby' }) }).waitFor();
      });
    },
  },
  {
    goal: 'change how one is shown, and the line for friends',
    go: async (walk) => {
      await walk.tabTo(en('people.self.presence'));
      await walk.andBack('the presence', async () => {
        await walk.press('Enter');
        await walk.page.getByRole('menu').waitFor();
      });
      await walk.press('Enter');
      await walk.page.getByRole('menu').waitFor();
      await walk.choose(en('people.be.busy'));
      await eventually('alice is busy', async () => (await walk.daemon.call('presence.get', {})).wish === 'busy');
      await walk.tabTo(en('people.self.status'));
      await walk.press('Enter');
      await walk.type('writing');
      await walk.press('Enter');
      await eventually('it is set', async () => (await walk.daemon.call('presence.get', {})).text === 'writing');
    },
  },
  {
    goal: 'open the menu of a row in the list',
    go: async (walk) => {
      await walk.tabTo(en('people.tab.friends'));
      await walk.press('Tab');
      for (let n = 0; n < 4 && !(await walk.focus()).name.includes('Carol'); n++) await walk.press('ArrowDown');
      await walk.andBack('the menu of a row', async () => {
        await walk.press('ContextMenu');
        await walk.page.getByRole('menu').waitFor();
        await walk.downTo(en('people.menu.block'));
      });
    },
  },
  {
    goal: 'change theme and language',
    go: async (walk) => {
      await walk.tabTo(en('people.settings'));
      await walk.press('Enter');
      await walk.page.getByRole('main', { name: en('shell.region.settings') }).waitFor();
      await walk.goAround('the settings');
      await walk.tabTo(en('settings.theme.system'));
      await walk.press('ArrowUp');
      await walk.page.locator('html[data-theme="dark"]').waitFor();
      await walk.press('ArrowDown');
      await walk.backTo(en('settings.language.system'));
      await walk.press('ArrowUp');
      await walk.page.getByRole('heading', { name: zh('settings.title') }).waitFor();
      await walk.press('ArrowDown');
      await walk.page.getByRole('heading', { name: en('settings.title') }).waitFor();
    },
  },
  {
    goal: 'go through the regions, the list of keys, and the Esc ladder',
    go: async (walk) => {
      await walk.press('Escape');
      await composer(walk.page).waitFor();
      const seen = new Set<string>();
      for (let n = 0; n < 5; n++) {
        await walk.press('Control+F6');
        const focus = await walk.focus();
        if (!focus.seen) walk.unseen.add(`after Ctrl+F6: ${focus.name.slice(0, 40)}`);
        seen.add(await walk.page.evaluate<string>(REGION));
      }
      for (const region of ['nav', 'log', 'field']) if (!seen.has(region)) throw new Error(`only ${[...seen]}`);
      await walk.tabTo(en('chat.field', { who: 'Bobby' }));
      await walk.andBack('the list of keys', async () => {
        await walk.press('Control+/');
        await walk.page.getByRole('dialog', { name: en('shell.keys.title') }).waitFor();
      });
      await walk.press('Control+.');
      await walk.page.getByRole('complementary').waitFor();
      await walk.press('Escape');
      await walk.page.getByRole('complementary').waitFor({ state: 'detached' });
    },
  },
  {
    goal: 'close the conversation',
    go: async (walk) => {
      await walk.backTo(en('chat.menu'));
      await walk.press('Enter');
      await walk.page.getByRole('menu').waitFor();
      await walk.choose(en('chat.close'));
      await walk.page.getByRole('main', { name: en('shell.region.empty') }).waitFor();
    },
  },
  {
    goal: 'log out',
    go: async (walk) => {
      await walk.tabTo(en('people.settings'));
      await walk.press('Enter');
      await walk.tabTo(en('settings.account'));
      await walk.press('Enter');
      await walk.page.getByRole('heading', { name: en('settings.account'), level: 2 }).waitFor();
      await walk.tabTo(en('settings.log-out'));
      await walk.andBack('the question before logging out', async () => {
        await walk.press('Enter');
        await walk.page.getByRole('dialog').waitFor();
      });
      await walk.press('Enter');
      await walk.page.getByRole('dialog').waitFor();
      await walk.tabTo(en('settings.log-out'));
      await walk.press('Enter');
      await walk.page.getByText(en('shell.banner.signed-out')).waitFor();
    },
  },
];

const REGION = `(() => {
  const { activeElement } = document;
  if (activeElement.closest('nav')) return 'nav';
  if (activeElement.matches('textarea')) return 'field';
  return activeElement.closest('main ol') ? 'log' : activeElement.tagName;
})()`;

/** To the rows of the log, which are one stop of the Tab key, and up to the one with the text. */
async function goToRow(walk: Walk, text: string): Promise<void> {
  await walk.tabTo(en('chat.field', { who: 'Bob' }));
  for (let n = 0; n < 8 && (await walk.page.evaluate(REGION)) !== 'log'; n++) await walk.press('Shift+Tab');
  await walk.press('End');
  for (let n = 0; n < 40 && !(await walk.focus()).name.includes(`: ${text} `); n++) await walk.press('ArrowUp');
  const { name } = await walk.focus();
  if (!name.includes(`: ${text} `)) throw new Error(`the row "${text}" is not reached, but "${name}"`);
}

async function menuOf(walk: Walk, text: string): Promise<void> {
  await goToRow(walk, text);
  await walk.press('ContextMenu');
  await walk.page.getByRole('menu').waitFor();
}

/** Of the field of the conversation, whatever has the focus now. */
async function fieldFocus(walk: Walk): Promise<{ readonly stop: number; readonly name: string }> {
  const stop = await walk.page.evaluate<number>(`stops.get(document.querySelector('main textarea')) ?? -1`);
  return { stop, name: 'the field' };
}
