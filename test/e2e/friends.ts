import type { ContactJson, MessageJson, PathJson } from '@magpie/common/rpc/schemas.ts';
import { eventually, type RpcConnection, type Stage } from './stage.ts';

/** Registers through the command line, with the daemon of the profile running or not. */
export async function register(stage: Stage, profile: string, server: string): Promise<string> {
  const { account } = await command(stage, profile, [
    ...['account', 'register', profile, '--server', server, '--display-name', profile],
    ...['--password-file', stage.path('password'), '--json'],
  ]);
  return (account as { readonly id: string }).id;
}

/** Asks and accepts through the command line. */
export async function befriend(stage: Stage, one: string, other: string): Promise<void> {
  await command(stage, one, ['contact', 'add', other, '--message', 'hello', '--json']);
  await eventually(`${other} sees the request`, async () => {
    const outcome = await stage.magpie(other, ['contact', 'requests', '--json']);
    return ((outcome.json?.items ?? []) as readonly ContactJson[]).some((item) => item.name === one);
  });
  await command(stage, other, ['contact', 'accept', one, '--json']);
}

export async function command(
  stage: Stage,
  profile: string,
  words: readonly string[],
): Promise<Record<string, unknown>> {
  const outcome = await stage.magpie(profile, words);
  if (outcome.code !== 0 || !outcome.json) {
    throw new Error(`magpie ${words.join(' ')}: exit ${outcome.code} ${outcome.stdout}${outcome.stderr}`);
  }
  return outcome.json;
}

export async function contactOf(connection: RpcConnection, name: string): Promise<ContactJson | undefined> {
  const { items } = await connection.call('contact.list', {});
  return items.find((item) => item.name === name);
}

export async function pathTo(connection: RpcConnection, name: string): Promise<PathJson | undefined> {
  const { items } = await connection.call('net.path', { who: name });
  return items[0];
}

/** Every message of the chat, oldest first. */
export async function allMessages(connection: RpcConnection, chat: string): Promise<readonly MessageJson[]> {
  const pages: MessageJson[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await connection.call('message.list', {
      chat,
      limit: 100,
      ...(after === undefined ? {} : { before: after }),
    });
    pages.unshift(...page.items);
    if (page.next === null) return pages;
    after = page.next;
  }
}

export interface Delivery {
  readonly text: string;
  /** From the command to the receipt of the friend's commit, as the sender shows it. */
  readonly roundTripMs: number;
  readonly road: string;
}

/** Sends texts and knows when each is shown as delivered. One per connection; `watch.start` is its own. */
export class Sender {
  readonly #connection: RpcConnection;
  readonly #waiting = new Map<string, (message: MessageJson) => void>();
  readonly #early = new Map<string, MessageJson>();

  private constructor(connection: RpcConnection) {
    this.#connection = connection;
    connection.onEvent((event) => {
      if (event.type !== 'receipt' && event.type !== 'message') return;
      const message = event.data;
      if (message.direction !== 'out' || (message.state !== 'delivered' && message.state !== 'read')) return;
      const waiting = this.#waiting.get(message.id);
      if (waiting) waiting(message);
      else this.#early.set(message.id, message);
    });
  }

  static async over(connection: RpcConnection): Promise<Sender> {
    await connection.call('watch.start', {});
    return new Sender(connection);
  }

  /** @returns undefined when no receipt came in time */
  async send(to: string, text: string, atMostMs = 15_000): Promise<Delivery | undefined> {
    const startedMs = performance.now();
    const { id } = await this.#connection.call('message.send', { to, text });
    const message = this.#early.get(id) ?? (await this.#delivered(id, atMostMs));
    this.#early.delete(id);
    if (!message) return undefined;
    return { text, roundTripMs: performance.now() - startedMs, road: message.path?.kind ?? 'unknown' };
  }

  #delivered(id: string, atMostMs: number): Promise<MessageJson | undefined> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => done(undefined), atMostMs);
      const done = (message: MessageJson | undefined): void => {
        clearTimeout(timer);
        this.#waiting.delete(id);
        resolve(message);
      };
      this.#waiting.set(id, done);
    });
  }
}

export interface Comparison {
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
}

/** What the receiver has of what was sent, in the order in which each sender sent it. */
export function compare(sent: readonly string[], received: readonly MessageJson[]): Comparison {
  const texts = received.filter((message) => message.direction === 'in').map((message) => message.text);
  const wanted = new Set(sent);
  const got = texts.filter((text) => wanted.has(text));
  const unique = [...new Set(got)];
  const order = new Map(sent.map((text, index) => [text, index]));
  const outOfOrder = unique.filter((text, index) => index > 0 && order.get(text)! < order.get(unique[index - 1]!)!);
  return { lost: sent.length - unique.length, doubled: got.length - unique.length, outOfOrder: outOfOrder.length };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
