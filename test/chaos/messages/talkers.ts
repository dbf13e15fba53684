import { randomInt } from 'node:crypto';
import type { RpcMethod, RpcParams, RpcResult } from '@magpie/common/rpc/rpc-table.ts';
import { pause } from '../../e2e/stage.ts';
import type { Home } from './home.ts';
import type { Ledger, Sent } from './ledger.ts';

/** One daemon is asked this often on average. */
const STEP_MS = 400;
/** A call that failed because the daemon was away or its disk full is tried again after this. */
const RETRY_MS = 200;
const EMOJI = ['👍', '🐦', '😀'] as const;

/** Of a hundred things that somebody does. */
const SHARE = { text: 76, edit: 6, recall: 4, react: 6 } as const;

/**
 * Everybody talks to everybody: texts with ids of their own, sent again with the same id until the daemon says that it has
 * them; now and then an edit, a recall, a reaction; what came is read.
 */
export class Talkers {
  readonly #homes: readonly Home[];
  readonly #ledger: Ledger;
  readonly #filling: string;
  readonly #unexpected = new Map<string, number>();
  #isOver = false;
  #running: Promise<unknown> = Promise.resolve();

  /** @param filling at the end of each text */
  constructor(homes: readonly Home[], ledger: Ledger, filling = '') {
    this.#homes = homes;
    this.#ledger = ledger;
    this.#filling = filling;
  }

  start(): void {
    this.#running = Promise.all(this.#homes.map((home) => this.#talk(home)));
  }

  /** When every text that was begun is with its daemon: all daemons must be up, or come up. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** Answers other than those that faults explain, with how often. */
  get unexpected(): readonly string[] {
    return [...this.#unexpected].map(([code, times]) => `${code} (${times})`);
  }

  async #talk(home: Home): Promise<void> {
    while (!this.#isOver) {
      await this.#act(home, randomInt(100));
      await pause(randomInt(STEP_MS / 2, STEP_MS * 1.5));
    }
  }

  async #act(home: Home, dice: number): Promise<void> {
    if (dice < SHARE.text) return this.#sendText(home);
    if (dice < SHARE.text + SHARE.edit) {
      const sent = this.#ledger.recentOf(home.name, randomIndex);
      if (!sent) return;
      this.#ledger.noteEdit(sent);
      return this.#attempt(home, 'message.edit', { id: sent.id, text: `${sent.text} (edited)` });
    }
    if (dice < SHARE.text + SHARE.edit + SHARE.recall) {
      const sent = this.#ledger.recentOf(home.name, randomIndex);
      if (!sent) return;
      this.#ledger.noteRecall(sent);
      return this.#attempt(home, 'message.recall', { id: sent.id });
    }
    if (dice < SHARE.text + SHARE.edit + SHARE.recall + SHARE.react) {
      const sent = this.#ledger.recentTo(home.name, randomIndex);
      if (!sent) return;
      const emoji = EMOJI[randomInt(EMOJI.length)]!;
      return this.#attempt(home, 'message.react', { id: sent.id, emoji, on: randomInt(3) > 0 });
    }
    const other = this.#otherThan(home);
    return this.#attempt(home, 'message.markRead', { chat: other.name });
  }

  async #sendText(home: Home): Promise<void> {
    const sent = this.#ledger.next(home.name, this.#otherThan(home).name, this.#filling);
    await sendUntilTaken(home, sent);
    this.#ledger.add(sent);
  }

  /** Once; when no answer comes it may have happened or not. */
  async #attempt<M extends RpcMethod>(home: Home, method: M, params: RpcParams<M>): Promise<void> {
    try {
      await home.call(method, params);
    } catch (error) {
      const code = codeOf(error);
      // What a fault explains, and a reaction to what has not come yet or came back recalled.
      if (!/AWAY|CONNECTION_LOST|SHUTTING_DOWN|STORE_FAILED|UNKNOWN_MESSAGE|NOT_FOUND/.test(code)) {
        const name = `${method}: ${code}`;
        this.#unexpected.set(name, (this.#unexpected.get(name) ?? 0) + 1);
      }
    }
  }

  #otherThan(home: Home): Home {
    const others = this.#homes.filter((each) => each !== home);
    return others[randomInt(others.length)]!;
  }
}

/** The same id each time, so that it is one message however often it takes. */
export async function sendUntilTaken(home: Home, { id, to, text }: Sent): Promise<RpcResult<'message.send'>> {
  for (;;) {
    try {
      return await home.call('message.send', { to, text, id });
    } catch {
      await pause(RETRY_MS);
    }
  }
}

function codeOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? (/is away/.test(text) ? 'AWAY' : text);
}

function randomIndex(count: number): number {
  return count === 0 ? 0 : randomInt(count);
}
