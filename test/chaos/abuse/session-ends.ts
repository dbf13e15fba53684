import type { PathJson } from '@magpie/common/rpc/schemas.ts';
import { callAdmin } from '@magpie/server/admin/admin-client.ts';
import { adminPathOf } from '@magpie/server/admin/admin-path.ts';
import { type Row, row } from '../../../scripts/report.ts';
import { contactOf, pathTo, Sender } from '../../e2e/friends.ts';
import { eventually, PASSWORD, pause, type RpcConnection, type ServerProcess, type Stage } from '../../e2e/stage.ts';
import type { Arena } from '../arena.ts';

const TIMES = 10;
const ENDED_MS_MAX = 1_000;
const POLL_MS = 5;
const GIVE_UP_MS = 10_000;
const PASSWORDS = [PASSWORD, 'eight slow herons'] as const;

/** What ends a session: how it is done, and what makes everything as it was. */
interface Ending {
  readonly id: string;
  readonly what: string;
  /** False: the link to the server stays, only the session of the two ends. */
  readonly endsLink: boolean;
  end(time: number): Promise<unknown>;
  restore(time: number): Promise<unknown>;
}

/** Real programs: Bob, his friend Alice at a desk and with a laptop. What ends is the laptop's. */
export async function sessionEnds(arena: Arena): Promise<readonly Row[]> {
  const server = await arena.startServer();
  const cast = await Cast.assemble(arena.stage, server);
  const rows: Row[] = [];
  for (const ending of endingsOf(cast, arena.stage)) {
    const tookMs: number[] = [];
    for (let time = 0; time < TIMES; time++) {
      await cast.connectFriends();
      const startedMs = performance.now();
      const done = ending.end(time);
      tookMs.push(await cast.ended(ending.endsLink, startedMs));
      await done;
      await ending.restore(time);
    }
    arena.say(`  ${ending.id}: ${tookMs.map((ms) => ms.toFixed(0)).join(' ')} ms`);
    rows.push(rowOf(ending.id, ending.what, tookMs));
  }
  rows.push(await deletions(arena, server, cast.bob));
  return rows;
}

function endingsOf(cast: Cast, stage: Stage): readonly Ending[] {
  const { desk, laptop, bob } = cast;
  // By the socket that the command uses: the time that a program takes to start is not the server's.
  const operator = async (command: 'user-lock' | 'user-unlock'): Promise<void> => {
    const answer = await callAdmin(adminPathOf(stage.path('server')), { command, who: 'alice' });
    if (!answer.ok || !answer.value.ok) throw new Error(`${command}: ${JSON.stringify(answer)}`);
  };
  return [
    {
      ...{ id: 'end-password', what: 'the password is changed at the desk', endsLink: true },
      end: (time) =>
        desk.call('account.changePassword', {
          oldPassword: PASSWORDS[time % 2]!,
          newPassword: PASSWORDS[(time + 1) % 2]!,
        }),
      restore: (time) => cast.logIn(laptop, PASSWORDS[(time + 1) % 2]!),
    },
    {
      ...{ id: 'end-revoke', what: 'the laptop is taken off the list at the desk', endsLink: true },
      end: async () => desk.call('account.revokeDevice', { device: (await cast.laptopDevice())! }),
      restore: () => cast.logIn(laptop, PASSWORD, cast.recoveryCode),
    },
    {
      ...{ id: 'end-lock', what: 'the operator locks the account', endsLink: true },
      end: () => operator('user-lock'),
      restore: async () => {
        await operator('user-unlock');
        await cast.logIn(desk, PASSWORD);
        await cast.logIn(laptop, PASSWORD);
      },
    },
    {
      ...{ id: 'end-block', what: 'Alice blocks Bob', endsLink: false },
      end: () => laptop.call('contact.block', { who: 'bob' }),
      restore: async () => {
        await laptop.call('contact.unblock', { who: 'bob' });
        await befriend(bob, laptop, 'bob', 'alice');
      },
    },
  ];
}

/** Each account can be deleted only once. */
async function deletions(arena: Arena, server: ServerProcess, bob: RpcConnection): Promise<Row> {
  const tookMs: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const name = `gone${time}`;
    const child = await arena.stage.startDaemon(name);
    const gone = await arena.stage.connect(name);
    await register(gone, name, server);
    await befriend(bob, gone, 'bob', name);
    await chat(gone, 'bob');
    await eventually(`${name} and bob have a session`, async () => (await sessionOf(bob, name)) === 'established');
    const startedMs = performance.now();
    const done = gone.call('account.delete', { password: PASSWORD });
    await poll(async () => (await isCut(gone)) && (await isOver(gone, 'bob')) && (await isOver(bob, name)));
    tookMs.push(performance.now() - startedMs);
    await done;
    child.kill('SIGTERM');
  }
  arena.say(`  end-delete: ${tookMs.map((ms) => ms.toFixed(0)).join(' ')} ms`);
  return rowOf('end-delete', 'the account is deleted', tookMs);
}

class Cast {
  readonly bob: RpcConnection;
  readonly desk: RpcConnection;
  readonly laptop: RpcConnection;
  readonly recoveryCode: string;
  readonly #server: ServerProcess;
  readonly #sender: Sender;

  private constructor(
    people: readonly [RpcConnection, RpcConnection, RpcConnection],
    recoveryCode: string,
    server: ServerProcess,
    sender: Sender,
  ) {
    [this.bob, this.desk, this.laptop] = people;
    this.recoveryCode = recoveryCode;
    this.#server = server;
    this.#sender = sender;
  }

  static async assemble(stage: Stage, server: ServerProcess): Promise<Cast> {
    const open = async (profile: string): Promise<RpcConnection> => {
      await stage.startDaemon(profile);
      return stage.connect(profile);
    };
    const [bob, desk, laptop] = [await open('bob'), await open('desk'), await open('laptop')];
    await register(bob, 'bob', server);
    const recoveryCode = await register(desk, 'alice', server);
    const cast = new Cast([bob, desk, laptop], recoveryCode, server, await Sender.over(laptop));
    await cast.logIn(laptop, PASSWORD, recoveryCode);
    await befriend(bob, desk, 'bob', 'alice');
    return cast;
  }

  async logIn(who: RpcConnection, password: string, recoveryCode?: string): Promise<void> {
    await who.call('account.login', {
      ...{ server: this.#server.address, trustFirst: false, account: 'alice', password },
      ...(recoveryCode !== undefined && { recoveryCode }),
    });
    await eventually('it is in', async () => (await who.call('status', {})).server.state === 'connected');
  }

  async laptopDevice(): Promise<string | undefined> {
    const { items } = await this.laptop.call('account.devices', {});
    return items.find(({ own }) => own)?.id;
  }

  /** Only the laptop ever writes, so that Bob's session with Alice is one with the laptop. */
  async connectFriends(): Promise<void> {
    await eventually('they are friends', async () => (await contactOf(this.laptop, 'bob'))?.state === 'member');
    const delivered = await this.#sender.send('bob', 'are you there?', GIVE_UP_MS);
    if (!delivered) throw new Error('the laptop reaches nobody');
    const bothSides = async () =>
      (await sessionOf(this.bob, 'alice')) === 'established' && (await sessionOf(this.laptop, 'bob')) === 'established';
    await eventually('they have a session', bothSides);
  }

  /** @returns ms from the start until the link and the session are gone, as both sides show it */
  async ended(endsLink: boolean, startedMs: number): Promise<number> {
    await poll(
      async () =>
        (!endsLink || (await isCut(this.laptop))) &&
        (await isOver(this.laptop, 'bob')) &&
        (await isOver(this.bob, 'alice')),
    );
    return performance.now() - startedMs;
  }
}

async function register(who: RpcConnection, name: string, { address }: ServerProcess): Promise<string> {
  const { recoveryCode } = await who.call('account.register', {
    ...{ server: address, trustFirst: false, name, displayName: name, password: PASSWORD },
  });
  await who.call('account.recoveryKept', {});
  return recoveryCode ?? '';
}

async function befriend(one: RpcConnection, other: RpcConnection, oneName: string, otherName: string): Promise<void> {
  await one.call('contact.add', { who: otherName, text: 'hello' });
  const asks = async () => (await other.call('contact.show', { who: oneName }).catch(() => undefined))?.state;
  await eventually(`${otherName} is asked`, async () => (await asks()) === 'asking');
  await other.call('contact.accept', { who: oneName });
  await eventually('both are friends', async () => (await contactOf(one, otherName))?.state === 'member');
}

async function chat(from: RpcConnection, to: string): Promise<void> {
  const sender = await Sender.over(from);
  if (!(await sender.send(to, 'hello', GIVE_UP_MS))) throw new Error(`${to} is not reached`);
}

async function sessionOf(who: RpcConnection, friend: string): Promise<PathJson['session'] | undefined> {
  return (await pathTo(who, friend).catch(() => undefined))?.session;
}

async function isOver(who: RpcConnection, friend: string): Promise<boolean> {
  const session = await sessionOf(who, friend);
  return session === undefined || session === 'none';
}

/** Signed out, or, while the account is locked, waiting to be let in again. */
async function isCut(who: RpcConnection): Promise<boolean> {
  return (await who.call('status', {})).server.state !== 'connected';
}

/** @returns when it holds, or after GIVE_UP_MS: then the time says so */
async function poll(holds: () => Promise<boolean>): Promise<void> {
  const untilMs = performance.now() + GIVE_UP_MS;
  while (!(await holds()) && performance.now() < untilMs) await pause(POLL_MS);
}

function rowOf(id: string, what: string, tookMs: readonly number[]): Row {
  const longestMs = Math.max(...tookMs);
  return row(
    id,
    `from the command to the end of link and session on both sides: ${what}; longest of ${tookMs.length}`,
    longestMs,
    'ms',
    `<= ${ENDED_MS_MAX}`,
    longestMs <= ENDED_MS_MAX && tookMs.length === TIMES,
  );
}
