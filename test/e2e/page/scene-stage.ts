import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { pathTo } from '../friends.ts';
import { eventually, PASSWORD, type RpcConnection } from '../stage.ts';
import type { PageStage, PersonOnStage } from './page-stage.ts';
import { FIRST_MADE, type PlantedContact, type PlantedMessage, plantGap, plantProfile } from './planted-profile.ts';

/** Whose pages the scenes are seen in. */
export interface PeopleOfScenes {
  readonly stage: PageStage;
  /** Friends, requests both ways, messages of each kind, a notice. */
  readonly alice: PersonOnStage;
  readonly bob: PersonOnStage;
  /** Says something when it is wanted. */
  readonly erin: PersonOnStage;
  /** Has one of everything that can be the matter with a friend, and two devices. */
  readonly nora: PersonOnStage;
  /** Logged out. */
  readonly oscar: PersonOnStage;
  /** Of a server that is gone. */
  readonly peggy: PersonOnStage;
  /** A daemon without an account. */
  readonly guest: RpcConnection;
}

/** Friends of Nora: their displayed names are in no catalogue, so that each is found in every language. */
export const NORAS = {
  changed: 'Grace',
  doubtful: 'Heidi',
  blocked: 'Ivan',
  /** Who left the list has no name there any more. */
  removed: String(FIRST_MADE + 3),
  asking: 'Ken',
  asked: 'Lars',
  lacking: 'Olive',
} as const;

/** Everything there is to see. Accounts are made one after another, so that numbers and colours are those of every run. */
export async function sceneStage(stage: PageStage): Promise<PeopleOfScenes> {
  const far = await stage.stage.startServer('far');
  const alice = await stage.register('alice', 'Alice');
  const bob = await stage.register('bob', 'Bob');
  const carol = await stage.register('carol', '小红');
  const dave = await stage.register('dave', 'Dave');
  const erin = await stage.register('erin', 'Erin Hill');
  const oscar = await stage.register('oscar', 'Oscar');
  await keepPort(stage.stage.path('peggy'));
  const peggy = await stage.register('peggy', 'Peggy', far);
  const [guest, nora] = await Promise.all([stage.startDaemon('guest'), troubledProfile(stage)]);
  await stage.befriend(alice, bob);
  await stage.befriend(alice, erin);
  await carol.daemon.call('contact.add', { who: alice.id, text: 'It is me, from school. 我是小红' });
  await alice.daemon.call('contact.add', { who: dave.id, text: '' });
  await alice.daemon.call('contact.set', { who: bob.id, group: 'Classmates' });
  await bob.daemon.call('presence.set', { presence: 'busy', text: 'writing · 写作中' });
  await becomeDirect(alice, bob);
  await talk(alice, bob);
  await oscar.daemon.call('account.logout', {});
  far.child.kill('SIGTERM');
  const data = stage.stage.path('server');
  await stage.stage.magpieServer(['notice', 'send', 'Maintenance tonight, 22:00 to 22:30.', '--data', data]);
  await eventually(
    'alice has the notice',
    async () => (await alice.daemon.call('notice.list', { limit: 1 })).items.length > 0,
  );
  await Promise.all(['carol', 'dave'].map((name) => stage.stopDaemon(name)));
  return { stage, alice, bob, erin, nora, oscar, peggy, guest };
}

/**
 * Has the page of a profile at a port away from those that daemons choose: while its own daemon is stopped, another one of
 * this machine would take its place.
 */
async function keepPort(folder: string): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, 'page.port'), `${port}\n`, { mode: 0o600 });
}

/** By a message that leaves no trace, so that all of the talk takes one road. */
async function becomeDirect(alice: PersonOnStage, bob: PersonOnStage): Promise<void> {
  await alice.daemon.call('message.send', { to: bob.id, text: 'hello' });
  await eventually('a direct path', async () => (await pathTo(alice.daemon, 'bob'))?.state === 'direct', 30_000);
  await eventually('hello is there, and gone', async () => {
    const { items } = await alice.daemon.call('message.list', { chat: bob.id, limit: 5 });
    if (items.some((each) => each.kind === 'text' && each.state !== 'delivered')) return false;
    await alice.daemon.call('message.delete', { chat: bob.id });
    return (await alice.daemon.call('message.list', { chat: bob.id, limit: 5 })).items.length === 0;
  });
}

async function talk(alice: PersonOnStage, bob: PersonOnStage): Promise<void> {
  const say = (from: PersonOnStage, to: PersonOnStage, text: string, replyTo?: string) =>
    from.daemon.call('message.send', { to: to.id, text, ...(replyTo !== undefined && { replyTo }) });
  const has = (who: PersonOnStage, other: PersonOnStage, id: string) =>
    eventually(`${who.name} has it`, async () => {
      const { items } = await who.daemon.call('message.list', { chat: other.id, limit: 50 });
      return items.some((each) => each.id === id);
    });
  const first = await say(alice, bob, 'Shall we meet at six?');
  await has(bob, alice, first.id);
  const asked = await say(bob, alice, '好的，六点在图书馆见。See https://example.com/map，ok');
  await has(alice, bob, asked.id);
  await say(alice, bob, 'Good, **do not** forget the `report.pdf`!', asked.id);
  await alice.daemon.call('message.react', { id: asked.id, emoji: '👍', on: true });
  const wrong = await say(bob, alice, 'the worng word');
  await bob.daemon.call('message.edit', { id: wrong.id, text: 'the wrong word' });
  await has(alice, bob, wrong.id);
  const regretted = await say(alice, bob, 'regretted');
  await alice.daemon.call('message.recall', { id: regretted.id });
  await bob.daemon.call('message.nudge', { to: alice.id });
  const isNudged = async () => {
    const { items } = await alice.daemon.call('message.list', { chat: bob.id, limit: 50 });
    return items.some((each) => each.kind === 'nudge') && items.some((each) => each.text === 'the wrong word');
  };
  await eventually('alice is nudged', isNudged);
  const last = await say(
    alice,
    bob,
    'Two lines\nof text, and a long one after them that has to be broken somewhere, since it is wider than what one likes to read.',
  );
  await has(bob, alice, last.id);
  await alice.daemon.call('message.markRead', { chat: bob.id });
  await bob.daemon.call('message.markRead', { chat: alice.id });
  await eventually('bob has read it', async () => {
    const { items } = await alice.daemon.call('message.list', { chat: bob.id, limit: 50 });
    return items.find((each) => each.id === last.id)?.state === 'read';
  });
  await alice.daemon.call('draft.set', { chat: bob.id, text: 'half a thought' });
}

/** A profile with two devices whose recovery code nobody has seen, and what can be the matter with friends. */
async function troubledProfile(stage: PageStage): Promise<PersonOnStage> {
  const olive = await stage.register('olive', NORAS.lacking);
  const nora = await stage.register('nora', 'Nora');
  await stage.befriend(nora, olive);
  await nora.daemon.call('message.send', { to: olive.id, text: 'Are you there?' });
  const { code } = await nora.daemon.call('account.offerApproval', {});
  const second = await stage.startDaemon('nora-phone');
  const { address } = stage.server;
  const login = { server: address, trustFirst: false, account: 'nora', password: PASSWORD };
  await second.call('account.login', { ...login, approvalCode: code, label: 'phone' });
  await stage.stopDaemon('nora-phone');
  await nora.daemon.call('account.renewRecovery', {});
  await Promise.all([stage.stopDaemon('nora'), stage.stopDaemon('olive')]);
  const folder = stage.stage.path('nora');
  await plantProfile(folder, NORAS_CONTACTS, norasHistory());
  plantGap(folder, olive.id);
  return { ...nora, daemon: await stage.startDaemon('nora') };
}

const NORAS_CONTACTS: readonly PlantedContact[] = [
  { ...made(0, NORAS.changed), trouble: 'key-changed' },
  { ...made(1, NORAS.doubtful), trouble: 'list-broken' },
  { ...made(2, NORAS.blocked), state: 'blocked' },
  { ...made(3, NORAS.removed), state: 'removed' },
  { ...made(4, NORAS.asking), state: 'asking', text: 'Hello from the library' },
  { ...made(5, NORAS.asked), state: 'asked' },
];

function made(n: number, displayName: string): Pick<PlantedContact, 'number' | 'name' | 'displayName'> {
  return { number: FIRST_MADE + n, name: displayName.toLowerCase(), displayName };
}

/** A conversation with each, of which the newest message waits or was refused. */
function norasHistory(): readonly PlantedMessage[] {
  const endsMs = Date.now() - 60_000;
  const waiting: readonly Pick<PlantedMessage, 'state' | 'reason'>[] = [
    { state: 'queued', reason: 'key-changed' },
    { state: 'queued', reason: 'key-changed' },
    { state: 'refused', reason: 'not-friends' },
    { state: 'refused', reason: 'not-friends' },
    { state: 'read' },
    { state: 'refused', reason: 'cancelled' },
  ];
  return waiting.flatMap((last, n) => {
    const chat = FIRST_MADE + n;
    const wallMs = endsMs - n * 120_000;
    return [
      { chat, direction: 'in', text: '明天见。See you tomorrow.', wallMs: wallMs - 60_000, state: 'read' },
      { chat, direction: 'out', text: 'Where shall we meet?', wallMs, ...last },
    ] as const;
  });
}
