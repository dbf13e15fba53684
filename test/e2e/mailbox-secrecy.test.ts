import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { befriend, command, pathTo, register } from './friends.ts';
import { waitingMails } from './server-database.ts';
import { eventually, type RpcConnection, type ServerProcess, Stage } from './stage.ts';

const TEXTS_EACH_ROAD = 12;
const EDITS = 8;
const DRAFTS = 5;
/** Long and rare enough that nobody else writes it. */
const RARE_EMOJI = '👩🏿‍❤️‍💋‍👩🏻';

/** Fifty markers go every way there is; whoever looks at the server from inside or outside must see none (R8, D8). */
describe('what two friends say to each other', () => {
  const stage = new Stage();
  const tap = new Tap();
  const logs: Buffer[] = [];
  const texts = markers(3 * TEXTS_EACH_ROAD);
  const edits = markers(EDITS);
  const drafts = markers(DRAFTS);
  const all = [...texts, ...edits, ...drafts, RARE_EMOJI];
  let server: ServerProcess;
  let alice: RpcConnection;
  let place = '';
  let pin = '';

  beforeAll(async () => {
    writeFileSync(stage.path('server.toml'), 'log_level = "debug"\n');
    server = await stage.startServer('server', ['--config', stage.path('server.toml')]);
    for (const stream of [server.child.stdout!, server.child.stderr!]) {
      stream.on('data', (chunk: Buffer) => logs.push(chunk));
    }
    [place, pin] = server.address.split('#') as [string, string];
    const address = `127.0.0.1:${await tap.open(Number(place.split(':').at(-1)))}#${pin}`;
    await stage.startDaemon('alice');
    await stage.startDaemon('bob');
    await register(stage, 'alice', address);
    await register(stage, 'bob', address);
    await befriend(stage, 'alice', 'bob');
    alice = await stage.connect('alice');
    await sayEverything();
  });

  afterAll(async () => {
    await stage.close();
    tap.close();
  });

  async function sayEverything(): Promise<void> {
    const bob = await stage.connect('bob');
    const [direct, relayed, mailed] = [0, 1, 2].map((road) =>
      texts.slice(road * TEXTS_EACH_ROAD, (road + 1) * TEXTS_EACH_ROAD),
    ) as [string[], string[], string[]];
    await alice.call('message.send', { to: 'bob', text: 'make a path' });
    await eventually('a direct path', async () => (await pathTo(alice, 'bob'))?.path?.kind === 'direct');
    const ids = await sendAll(alice, direct);
    await deliver(alice, ids, 'direct');
    for (const one of [alice, bob]) await one.call('debug.dropUdp', { drop: true });
    await eventually('the relay', async () => (await pathTo(alice, 'bob'))?.path?.kind === 'relay', 30_000);
    await deliver(alice, await sendAll(alice, relayed), 'relay');
    const { device } = await bob.call('account.whoami', {});
    await command(stage, 'bob', ['daemon', 'stop', '--json']);
    const waiting = await sendAll(alice, mailed);
    for (const [i, text] of edits.entries()) await alice.call('message.edit', { id: ids[i]!, text });
    await alice.call('message.react', { id: ids.at(-1)!, emoji: RARE_EMOJI, on: true });
    await eventually(
      'the mailbox has all of it',
      async () => waitingMails(stage.path('server'), device) >= TEXTS_EACH_ROAD + EDITS + 1,
    );
    const made = await stage.magpieServer(['backup', stage.path('full.mgp'), '--data', stage.path('server'), '--json']);
    expect(made.code).toBe(0);
    await stage.startDaemon('bob');
    await deliver(alice, waiting, 'mailbox');
    for (const text of drafts) await alice.call('draft.set', { chat: 'bob', text });
    await eventually('the changes are with bob', async () => (await pendingChanges(alice, ids)) === 0);
    // A server at peace logs nothing: something to tell, at the level of debugging.
    connect(Number(place.split(':').at(-1)), '127.0.0.1')
      .on('error', () => {})
      .end(randomBytes(200));
    await eventually('the log has it', async () => Buffer.concat(logs).includes('link failed'));
  }

  it('is in both profiles, where it belongs: the search finds what is there', () => {
    const [ofAlice, ofBob] = [bytesUnder(stage.path('alice')), bytesUnder(stage.path('bob'))];
    // A draft is overwritten by the next.
    expect(foundIn(ofAlice, [...texts, ...edits, RARE_EMOJI, drafts.at(-1)!])).toHaveLength(all.length - DRAFTS + 1);
    expect(foundIn(ofBob, [...texts, ...edits, RARE_EMOJI])).toHaveLength(all.length - DRAFTS);
    expect(all).toHaveLength(50);
  });

  it('is nowhere in the data folder of the server: database, write-ahead log, keys', () => {
    expect(foundIn(bytesUnder(stage.path('server')), all)).toEqual([]);
  });

  it('is in no backup of it', () => {
    expect(foundIn([readFileSync(stage.path('full.mgp'))], all)).toEqual([]);
  });

  it('is in none of its logs at the level of debugging', () => {
    expect(foundIn(logs, all)).toEqual([]);
  });

  it('is in none of the bytes between peers and server', () => {
    expect(tap.bytes.length).toBeGreaterThan(50_000);
    expect(foundIn([tap.bytes], all)).toEqual([]);
  });
});

/** Stands between the peers and the server and keeps all that passes. */
class Tap {
  readonly #passed: Buffer[] = [];
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  /** @returns its own port */
  open(port: number): Promise<number> {
    const server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on('data', (chunk: Buffer) => {
          this.#passed.push(chunk);
          to.write(chunk);
        });
        from.on('error', () => {});
        from.on('close', () => to.destroy());
      }
    });
    this.#server = server;
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { readonly port: number }).port));
    });
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#passed);
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server?.close();
  }
}

function markers(count: number): readonly string[] {
  return Array.from({ length: count }, () => `marker ${randomBytes(12).toString('hex')}`);
}

async function sendAll(from: RpcConnection, texts: readonly string[]): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const text of texts) ids.push((await from.call('message.send', { to: 'bob', text })).id);
  return ids;
}

/** All are delivered, most of them by that road: what is on its way while the road changes may take the other. */
async function deliver(from: RpcConnection, ids: readonly string[], road: string): Promise<void> {
  const roads = new Map<string, string>();
  await eventually(`${ids.length} delivered by ${road}`, async () => {
    for (const id of ids) {
      const { state, path } = await from.call('message.show', { id });
      if (state === 'delivered' || state === 'read') roads.set(id, path?.kind ?? '');
    }
    return roads.size === ids.length;
  });
  expect([...roads.values()].filter((each) => each === road).length).toBeGreaterThan(ids.length / 2);
}

async function pendingChanges(who: RpcConnection, ids: readonly string[]): Promise<number> {
  let pending = 0;
  for (const id of ids) pending += (await who.call('message.show', { id })).pendingChanges;
  return pending;
}

/** The content of every file. */
function bytesUnder(folder: string): readonly Buffer[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

/** The markers that are somewhere in there, as they are, as hex or as base64 (of whichever alignment). */
function foundIn(places: readonly Buffer[], wanted: readonly string[]): readonly string[] {
  return wanted.filter((marker) => {
    const bytes = Buffer.from(marker);
    const needles = [bytes, Buffer.from(bytes.toString('hex')), ...[0, 1, 2].map((skip) => base64Inside(bytes, skip))];
    return places.some((place) => needles.some((needle) => place.includes(needle)));
  });
}

/** What base64 of a longer text contains when the bytes stand at an offset of 3n - `skip`. */
function base64Inside(bytes: Buffer, skip: number): Buffer {
  const whole = bytes.subarray(skip, skip + Math.floor((bytes.length - skip) / 3) * 3);
  return Buffer.from(whole.toString('base64'));
}
