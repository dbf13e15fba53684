// A server and two peers, Alice and Bob, already friends, in a temporary folder on free ports, until Ctrl-C. Prints
// links that open the page of each, and what to type for those who like a terminal better.
import { createInterface } from 'node:readline';
import { chooseLanguage } from '@magpie/common/i18n/translator.ts';
import { PAGE_LINK_MS_MAX } from '@magpie/common/rpc/limits.ts';
import { contactOf } from '../test/e2e/friends.ts';
import { eventually, PASSWORD, type RpcConnection, Stage } from '../test/e2e/stage.ts';
import { padded, START_WORDS } from './start-words.ts';

interface Person {
  readonly name: string;
  readonly displayName: string;
  readonly daemon: RpcConnection;
}

/** Where the commands begin. */
const COMMAND_COLUMN = 20;
const words = START_WORDS[chooseLanguage(undefined, process.env)];
const stage = new Stage();
const ended = new Promise<void>((resolve) => {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve());
});

try {
  process.stderr.write(`${words.starting}\n`);
  await Promise.race([prepare(), ended]);
  await ended;
  process.stderr.write(`\n${words.stopping}\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await stage.close();
}

async function prepare(): Promise<void> {
  const server = await stage.startServer();
  const [alice, bob] = await Promise.all([join('alice', 'Alice', server.address), join('bob', 'Bob', server.address)]);
  await makeFriends(alice, bob);
  await greet(alice, bob);
  process.stdout.write(`\n${words.running}\n`);
  process.stdout.write(await links(alice, bob));
  process.stdout.write(whatToType(server.address));
  if (process.stdin.isTTY !== true) return;
  process.stdout.write(words.enter);
  createInterface({ input: process.stdin, terminal: false }).on('line', () => {
    links(alice, bob).then((text) => process.stdout.write(text), sayFailure);
  });
}

async function join(name: string, displayName: string, server: string): Promise<Person> {
  await stage.startDaemon(name);
  const daemon = await stage.connect(name);
  await daemon.call('account.register', { server, trustFirst: false, name, displayName, password: PASSWORD });
  // It is thrown away with the folder.
  await daemon.call('account.recoveryKept', {});
  return { name, displayName, daemon };
}

async function makeFriends(one: Person, other: Person): Promise<void> {
  await one.daemon.call('contact.add', { who: other.name, text: words.request.replace('{{who}}', one.displayName) });
  await eventually('the request', async () => (await contactOf(other.daemon, one.name)) !== undefined);
  await other.daemon.call('contact.accept', { who: one.name });
  const isFriend = async (): Promise<boolean> => (await contactOf(one.daemon, other.name))?.presence === 'online';
  await eventually('friendship', isFriend);
}

async function greet(alice: Person, bob: Person): Promise<void> {
  await say(alice, bob, words.greeting);
  await say(bob, alice, words.answer);
}

/** Returns once it is on the other's disk, so that the two stand in order. */
async function say(from: Person, to: Person, text: string): Promise<void> {
  const { id } = await from.daemon.call('message.send', { to: to.name, text });
  const isThere = async (): Promise<boolean> => {
    const { state } = await from.daemon.call('message.show', { id });
    return state === 'delivered' || state === 'read';
  };
  await eventually('the greeting', isThere);
}

async function links(...people: readonly Person[]): Promise<string> {
  const lines: string[] = [];
  for (const { displayName, daemon } of people) {
    const { url } = await daemon.call('page.open', { validMs: PAGE_LINK_MS_MAX });
    lines.push(`  ${displayName.padEnd(6)} ${url}`);
  }
  const minutes = String(PAGE_LINK_MS_MAX / 60_000);
  return `
${words.openBoth.replace('{{minutes}}', minutes)}

${lines.join('\n')}
`;
}

function whatToType(server: string): string {
  const alice = `npx magpie --profile ${stage.path('alice')}`;
  const bob = `npx magpie --profile ${stage.path('bob')}`;
  const line = (what: string, command: string): string => `  ${padded(what, COMMAND_COLUMN)}${command}`;
  return `
${words.terminal}

${line(words.freshLink, `${alice} ui`)}
${line(words.watch, `${bob} watch`)}
${line(words.send, `${alice} send bob "${words.hello}"`)}
${line(words.road, `${alice} net path bob`)}
${line(words.help, `${alice} help`)}

${line(words.oneMore, `npx magpie --profile ${stage.path('carol')} account register carol --server '${server}'`)}
  ${words.passwords} ${PASSWORD}

${words.end}
`;
}

function sayFailure(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
}
