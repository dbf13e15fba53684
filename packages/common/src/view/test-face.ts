import { createViewModel } from './create-view-model.ts';
import { TestClock } from './test-clock.ts';
import { TestDaemon } from './test-daemon.ts';
import type { ViewModel } from './view-model.ts';
import type { Conversation, ViewHappening, ViewState } from './view-state.ts';

export interface TestFace {
  readonly daemon: TestDaemon;
  readonly clock: TestClock;
  readonly view: ViewModel;
  readonly happenings: ViewHappening[];
  state(): ViewState;
  shown(chat: string): Conversation;
  /** Ids of the rows that are shown. */
  ids(chat: string): readonly string[];
  /** Lets everything arrive and be answered, reconnects included. */
  settle(): Promise<void>;
}

export function testFace(): TestFace {
  const daemon = new TestDaemon();
  const clock = new TestClock();
  let seed = 1;
  const random = {
    bytes: (length: number): Uint8Array => {
      seed = (seed * 48_271) % 2_147_483_647;
      return Uint8Array.from({ length }, (_, index) => (seed >>> (index % 24)) & 0xff);
    },
  };
  const view = createViewModel({ connector: daemon, clock, random });
  const happenings: ViewHappening[] = [];
  view.onHappening((happening) => happenings.push(happening));
  const state = (): ViewState => view.store.getState();
  const shown = (chat: string): Conversation => state().conversations.get(chat)!;
  return {
    daemon,
    clock,
    view,
    happenings,
    state,
    shown,
    ids: (chat) => shown(chat).rows.map(({ id }) => id),
    settle: async () => {
      for (let quiet = 0; quiet < 3; ) {
        await turn();
        clock.advance(1_000);
        await turn();
        quiet = daemon.idle ? quiet + 1 : 0;
        daemon.hurry();
        for (let each = 0; each < 64; each++) daemon.look();
        daemon.deliver(1_000);
      }
    },
  };
}

/** Every promise that can settle has settled. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
