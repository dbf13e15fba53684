import type { Page } from 'playwright-core';
import { type Row, row } from '../../../../scripts/report.ts';
import { contactOf } from '../../friends.ts';
import { eventually, type RpcConnection } from '../../stage.ts';
import { type Focus, focusOf } from '../focus-probe.ts';
import type { PageStage, PersonOnStage } from '../page-stage.ts';
import { GOALS } from './keyboard-goals.ts';
import type { Proof } from './proof.ts';

/** Tab stops that are passed until something is reached; more is a trap, or nobody's idea of a keyboard. */
const STOPS_MAX = 70;

/** No pointer is ever used: from an empty profile to a conversation, and out again. */
export async function keyboardRows({ page: stage, say }: Proof): Promise<readonly Row[]> {
  const [bob, carol] = await Promise.all([stage.register('bob', 'Bob'), stage.register('carol', 'Carol')]);
  const daemon = await stage.startDaemon('alice');
  const walk = new Walk({ page: await stage.openPage(daemon), daemon, stage, bob, carol });
  let done = 0;
  for (const { goal, go } of GOALS) {
    try {
      await go(walk);
      done += 1;
    } catch (error) {
      const because = error instanceof Error ? error.message.split('\n')[0] : error;
      say(`  ${goal}: ${because}; focus is on "${(await walk.focus()).name}"`);
    }
  }
  for (const name of walk.unseen) say(`  the focus is not seen on "${name}"`);
  for (const trap of walk.traps) say(`  no way out by Tab: ${trap}`);
  for (const lost of walk.notReturned) say(`  the focus does not go back: ${lost}`);
  const { size } = walk.unseen;
  const { length } = GOALS;
  return [
    row('keyboard-walk', 'goals reached by keyboard alone', `${done} of ${length}`, '', 'all', done === length),
    row(
      'focus-seen',
      `of ${walk.stops} stops: focus without a ring, or under something`,
      size,
      '',
      '0',
      size === 0 && walk.stops > 0,
    ),
    row(
      'focus-returns',
      `of ${walk.returns} things closed: focus is elsewhere than before`,
      walk.notReturned.length,
      '',
      '0',
      walk.notReturned.length === 0 && walk.returns > 0,
    ),
    row(
      'no-trap',
      `of ${walk.rounds} screens: not left again by Tab and Shift+Tab`,
      walk.traps.length,
      '',
      '0',
      walk.traps.length === 0 && walk.rounds > 0,
    ),
  ];
}

interface WalkPlace {
  readonly page: Page;
  readonly daemon: RpcConnection;
  readonly stage: PageStage;
  readonly bob: PersonOnStage;
  readonly carol: PersonOnStage;
}

/** Somebody with a keyboard, and what they find. */
export class Walk {
  readonly page: Page;
  readonly daemon: RpcConnection;
  readonly stage: PageStage;
  readonly bob: PersonOnStage;
  readonly carol: PersonOnStage;
  readonly unseen = new Set<string>();
  readonly traps: string[] = [];
  readonly notReturned: string[] = [];
  /** How many were looked at. */
  stops = 0;
  rounds = 0;
  returns = 0;

  constructor({ page, daemon, stage, bob, carol }: WalkPlace) {
    this.page = page;
    this.daemon = daemon;
    this.stage = stage;
    this.bob = bob;
    this.carol = carol;
  }

  press(key: string): Promise<void> {
    return this.page.keyboard.press(key);
  }

  type(text: string): Promise<void> {
    return this.page.keyboard.type(text);
  }

  /** With the Tab key, until what has the focus is called so. */
  tabTo(name: string): Promise<void> {
    return this.#go('Tab', name);
  }

  backTo(name: string): Promise<void> {
    return this.#go('Shift+Tab', name);
  }

  /** With the Down key, in a menu or a list. */
  downTo(name: string): Promise<void> {
    return this.#go('ArrowDown', name);
  }

  async choose(name: string): Promise<void> {
    await this.downTo(name);
    await this.press('Enter');
  }

  /** Opens something and leaves it again by Esc: the focus must be where it was. */
  async andBack(what: string, open: () => Promise<void>): Promise<void> {
    const before = await this.focus();
    await open();
    await this.press('Escape');
    await this.isBackAt(what, before);
  }

  async isBackAt(what: string, before: Pick<Focus, 'stop' | 'name'>): Promise<void> {
    this.returns += 1;
    const isBack = async (): Promise<boolean> => (await this.focus()).stop === before.stop;
    await eventually(what, isBack, 1_500).catch(async () => {
      this.notReturned.push(`${what}: from "${before.name}" to "${(await this.focus()).name}"`);
    });
  }

  /** Goes once around with Tab, and with Shift+Tab: every stop is seen, and none keeps the focus. */
  async goAround(what: string): Promise<void> {
    this.rounds += 1;
    for (const key of ['Tab', 'Shift+Tab']) {
      const passed = new Set<number>();
      let isAround = false;
      for (let stops = 0; stops < STOPS_MAX && !isAround; stops++) {
        await this.press(key);
        const { stop } = await this.#look();
        isAround = stop === 0 || (passed.has(stop) && passed.size > 2);
        passed.add(stop);
      }
      if (!isAround) this.traps.push(`${what}, by ${key}`);
    }
  }

  focus(): Promise<Focus> {
    return focusOf(this.page);
  }

  async isFriend(name: string): Promise<boolean> {
    return (await contactOf(this.daemon, name))?.state === 'member';
  }

  async #go(key: string, name: string): Promise<void> {
    const passed: string[] = [];
    for (let stops = 0; stops < STOPS_MAX; stops++) {
      const focus = await this.#look();
      if (focus.name.startsWith(name)) return;
      passed.push(focus.name.slice(0, 16));
      await this.press(key);
    }
    throw new Error(`"${name}" is not reached by ${key}; passed ${passed.slice(0, 20).join(' | ')}`);
  }

  async #look(): Promise<Focus> {
    const focus = await this.focus();
    this.stops += 1;
    if (!focus.seen) this.unseen.add(focus.name.slice(0, 60));
    return focus;
  }
}
