import type { ContactJson, MessageJson, PathJson } from '@magpie/common/rpc/schemas.ts';
import { eventually, pause, type RpcConnection, type Stage } from './stage.ts';

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

/**
 * What a receiver shows as it arrives, in that order: `message.list` sorts by stamp and so hides a wrong order. One
 * per connection; `watch.start` is its own.
 */
export class Receiver {
  readonly #arrived: MessageJson[] = [];
  #cursor = '';

  private constructor() {}

  /** @param since a cursor: what changed after it is told first, in the order in which the receiver committed it */
  static async over(connection: RpcConnection, since?: string): Promise<Receiver> {
    const receiver = new Receiver();
    connection.onEvent((event) => {
      receiver.#cursor = event.cursor;
      if (event.type === 'message' && event.data.direction === 'in') receiver.#arrived.push(event.data);
    });
    const { cursor } = await connection.call('watch.start', since === undefined ? {} : { since });
    if (receiver.#cursor === '') receiver.#cursor = cursor;
    return receiver;
  }

  /** The newest change it knows of. */
  get cursor(): string {
    return this.#cursor;
  }

  get arrived(): readonly MessageJson[] {
    return this.#arrived;
  }

  /** Waits until all of them were shown. What is missing then is for `compare` to say. */
  async sees(texts: readonly string[], atMostMs = 10_000): Promise<void> {
    const endMs = performance.now() + atMostMs;
    while (missing(texts, this.#arrived) > 0 && performance.now() < endMs) await pause(20);
  }
}

export interface Comparison {
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
}

/**
 * Texts of one sender, each sent once, against what the receiver has of them.
 * @param stored the list as the receiver keeps it
 * @param arrived what it showed, in the order in which it did
 */
export function compare(
  sent: readonly string[],
  stored: readonly MessageJson[],
  arrived: readonly MessageJson[],
): Comparison {
  const copies = stored.filter((message) => message.direction === 'in' && sent.includes(message.text));
  const unique = new Set(copies.map((message) => message.text));
  return {
    lost: Math.max(sent.length - unique.size, missing(sent, arrived)),
    doubled: copies.length - unique.size,
    outOfOrder: countOutOfOrder(sent, arrived),
  };
}

/** How many arrived after one that was sent later. */
export function countOutOfOrder(sent: readonly string[], arrived: readonly MessageJson[]): number {
  const order = new Map(sent.map((text, index) => [text, index]));
  const places = arrived.flatMap((message) => order.get(message.text) ?? []);
  return [...new Set(places)].filter((place, index, all) => index > 0 && place < all[index - 1]!).length;
}

function missing(texts: readonly string[], messages: readonly MessageJson[]): number {
  const shown = new Set(messages.map((message) => message.text));
  return texts.filter((text) => !shown.has(text)).length;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
