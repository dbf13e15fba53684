import { signDeviceList } from '@magpie/common/channel/device-list.ts';
import { encapsulateFor } from '@magpie/common/channel/envelope-kem.ts';
import { signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import { mailboxKeyPairOf, signMailboxKey } from '@magpie/common/channel/mailbox-key.ts';
import type { Content } from '@magpie/common/content/content.ts';
import type { MailEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountName, AccountNumber, DeviceId, MailId, RequestId } from '@magpie/common/ids.ts';
import { type Log, silentLog } from '@magpie/common/log.ts';
import { err, ok } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import { ProcessClock, VirtualTime } from '../../../../test/sim/virtual-time.ts';
import type { RequestError } from '../server-link/server-connection.ts';
import { type Contact, NO_NOTES } from '../store/store.ts';
import { ContactBook } from './contact-book.ts';
import { type KnownList, knownList, NO_PREVIOUS_HASH } from './device-chain.ts';
import { deviceKeysOf } from './device-keys.ts';
import type { Identity } from './identity.ts';
import { NO_MAIL_KEY_MS } from './limits.ts';
import { DeviceMailCipher } from './mail-cipher.ts';
import { MailDevices } from './mail-devices.ts';
import { MailKeys } from './mail-keys.ts';
import { newIdentity } from './test-world.ts';

const ALICE = 10_001 as AccountNumber;
const BOB = 10_002 as AccountNumber;
const CAROL = 10_003 as AccountNumber;
const id = '01992f3a5b007abc8def0123456789ab' as MailId;
const contents: readonly Content[] = [{ type: 'typing', conversation: 0, active: true }];

describe('mail between devices (MB)', () => {
  it('[MB10] is opened by the device of the friend that it was sealed for', async () => {
    const { alice, bob } = friends();
    const mail = await sealedFor(alice, bob);
    expect(bob.cipher.open(mail)).toEqual({
      ok: true,
      value: { from: { account: ALICE, device: alice.device }, own: false, id, contents },
    });
  });

  it('[MB10] goes to an own other device too, and is known there as own', async () => {
    const { alice, laptop } = friends();
    const mail = await sealedFor(alice, laptop);
    expect(laptop.cipher.open(mail)).toMatchObject({ ok: true, value: { own: true, contents } });
  });

  it('[MB11] of who is no friend, of a device that is certified no more, or under another name is not opened', async () => {
    const { alice, bob } = friends();
    const mail = await sealedFor(alice, bob);
    const unknown = { ok: false, error: { kind: 'unknown-sender', id } };
    expect(bob.cipher.open({ ...mail, fromAccount: CAROL })).toEqual(unknown);
    expect(bob.cipher.open({ ...mail, from: bob.device, fromAccount: BOB })).toEqual(unknown);
    expect(bob.cipher.open({ ...mail, from: '00'.repeat(16) as DeviceId })).toEqual(unknown);
    bob.book.load([{ ...alice.contact, state: 'removed', version: 2 }]);
    expect(bob.cipher.open(mail)).toEqual(unknown);
    bob.book.load([{ ...alice.contact, pinnedKey: new Uint8Array(32).fill(9), version: 3 }]);
    expect(bob.cipher.open(mail)).toEqual(unknown);
  });

  it('[MB11] that is damaged, for another device, or from another one than the server says cannot be opened', async () => {
    const { alice, laptop, bob } = friends();
    const mail = await sealedFor(alice, bob);
    const damaged = mail.envelope.slice();
    damaged[damaged.length - 1]! ^= 1;
    const closed = { ok: false, error: { kind: 'cannot-open', id } };
    expect(bob.cipher.open({ ...mail, envelope: damaged })).toEqual(closed);
    expect(bob.cipher.open({ ...mail, from: laptop.device })).toEqual(closed);
    expect(bob.cipher.open(await sealedFor(alice, laptop))).toEqual(closed);
    const nothing = { ok: false, error: { kind: 'cannot-open', id: undefined } };
    expect(bob.cipher.open({ ...mail, envelope: new Uint8Array(3) })).toEqual(nothing);
  });

  it('[MB9] for a link that is gone cannot be opened, and its id is told', async () => {
    const { alice, bob } = friends();
    const mail = await sealedFor(alice, bob);
    bob.link = undefined;
    expect(bob.cipher.open(mail)).toEqual({ ok: false, error: { kind: 'cannot-open', id } });
  });

  it('[MB8] is not sealed for a device that is not certified, or not of that account', async () => {
    const { alice, bob } = friends();
    const no = { ok: false, error: 'not-certified' };
    const to = (account: AccountNumber, device: DeviceId) => alice.cipher.seal({ account, device }, id, contents);
    expect(await to(CAROL, bob.device)).toEqual(no);
    expect(await to(ALICE, alice.device)).toEqual(no);
    expect(await to(BOB, '00'.repeat(16) as DeviceId)).toEqual(no);
    expect(alice.asked).toEqual([]);
  });
});

describe("friends' mailbox keys (MB8)", () => {
  it('[MB8] are asked for once, then known, also by the next run of the program', async () => {
    const { alice, bob } = friends();
    await sealedFor(alice, bob);
    await sealedFor(alice, bob);
    expect(alice.asked).toEqual([BOB]);
    const later = alice.again();
    await sealedFor(later, bob);
    expect(later.asked).toEqual([]);
  });

  it('[MB8] are asked for once by all who wait', async () => {
    const { alice, bob } = friends();
    await Promise.all([sealedFor(alice, bob), sealedFor(alice, bob), sealedFor(alice, bob)]);
    expect(alice.asked).toEqual([BOB]);
  });

  it('[MB8] are asked for again when the server says that there is a newer one', async () => {
    const { alice, bob, server } = friends();
    expect((await sealedFor(alice, bob)).step).toBe(0);
    bob.publish(server, 1);
    expect((await sealedFor(alice, bob)).step).toBe(0);
    alice.cipher.handleStaleKey(BOB);
    const mails = await Promise.all([sealedFor(alice, bob), sealedFor(alice, bob)]);
    expect(mails.map(({ step }) => step)).toEqual([1, 1]);
    expect(alice.asked).toEqual([BOB, BOB]);
  });

  it('[MB8] that are stale are asked for anew behind a question that may be too old', async () => {
    const { alice, bob, server } = friends();
    const early = sealedFor(alice, bob);
    await Promise.resolve();
    alice.cipher.handleStaleKey(BOB);
    bob.publish(server, 1);
    await early;
    expect((await sealedFor(alice, bob)).step).toBe(1);
  });

  it('[MB8] of an older chain than one that was seen are no keys, in this run or a later one; an older step is', async () => {
    const { alice, bob, server } = friends();
    bob.publish(server, 4, 2);
    expect((await sealedFor(alice, bob)).step).toBe(4);
    bob.publish(server, 1, 2);
    alice.cipher.handleStaleKey(BOB);
    expect((await sealedFor(alice, bob)).step).toBe(1);
    bob.publish(server, 9, 1);
    for (const person of [alice, alice.again()]) {
      person.cipher.handleStaleKey(BOB);
      const none = { ok: false, error: 'no-mail-key' };
      expect(await person.cipher.seal(bob.to, id, contents)).toEqual(none);
      expect(await person.cipher.seal(bob.to, id, contents)).toEqual(none);
      expect([person.asked.length <= 3, person.warnings]).toEqual([true, 1]);
    }
    bob.publish(server, 0, 3);
    alice.keys.prepare(BOB);
    await settled();
    expect((await sealedFor(alice, bob)).step).toBe(0);
  });

  it('[MB8] that the device has not signed are no keys, and are not kept', async () => {
    const { alice, bob, laptop, server } = friends();
    server.keys.set(bob.device, server.keys.get(laptop.device)!);
    expect(await alice.cipher.seal(bob.to, id, contents)).toEqual({ ok: false, error: 'no-mail-key' });
    expect(alice.warnings).toBe(1);
    expect(alice.stored.size).toBe(0);
  });

  it('[MB8] that are not there are asked for again after a second, or at once when there is news', async () => {
    const { alice, bob, server, time } = friends();
    server.keys.delete(bob.device);
    const tryOnce = async () => (await alice.cipher.seal(bob.to, id, contents)).ok;
    expect([await tryOnce(), await tryOnce(), alice.asked.length]).toEqual([false, false, 1]);
    time.jumpTo(NO_MAIL_KEY_MS + 1);
    expect([await tryOnce(), alice.asked.length]).toEqual([false, 2]);
    bob.publish(server, 0);
    expect([await tryOnce(), alice.asked.length]).toEqual([false, 2]);
    alice.keys.prepare(BOB);
    expect([await tryOnce(), alice.asked.length]).toEqual([true, 3]);
  });

  it('[MB8] are prepared without a message, for who lacks one alone', async () => {
    const { alice, bob } = friends();
    alice.keys.prepare(BOB);
    alice.keys.prepare(ALICE);
    await settled();
    expect(alice.asked).toEqual([BOB, ALICE]);
    alice.keys.prepare(BOB);
    await settled();
    await sealedFor(alice, bob);
    expect(alice.asked).toEqual([BOB, ALICE]);
  });

  it('[MB8] stay unknown while the link is down, and known ones serve on', async () => {
    const { alice, bob, laptop, server } = friends();
    await sealedFor(alice, bob);
    server.error = { kind: 'lost' };
    expect(await alice.cipher.seal(laptop.to, id, contents)).toEqual({ ok: false, error: 'link-down' });
    expect((await alice.cipher.seal(bob.to, id, contents)).ok).toBe(true);
    alice.cipher.handleStaleKey(BOB);
    expect(await alice.cipher.seal(bob.to, id, contents)).toEqual({ ok: false, error: 'link-down' });
    server.error = { kind: 'refused', code: 'busy', retryAfterMs: 0 };
    expect(await alice.cipher.seal(bob.to, id, contents)).toEqual({ ok: false, error: 'busy' });
    server.error = undefined;
    expect((await alice.cipher.seal(bob.to, id, contents)).ok).toBe(true);
  });

  it('[MB8] serve although the store fails', async () => {
    const { alice, bob } = friends();
    alice.storeFails = true;
    expect((await sealedFor(alice, bob)).step).toBe(0);
  });
});

interface Server {
  readonly keys: Map<DeviceId, Uint8Array>;
  error: RequestError | undefined;
}

/** Alice with two devices, and Bob with one; they are friends. */
function friends() {
  const time = new VirtualTime();
  const server: Server = { keys: new Map(), error: undefined };
  const first = newIdentity(new SeededRandom(1, 'alice'));
  const second = { ...newIdentity(new SeededRandom(1, 'laptop')), accountSeed: first.accountSeed };
  const aliceList = listOf(first, second);
  const other = newIdentity(new SeededRandom(1, 'bob'));
  const bobList = listOf(other);
  const alice = new Person(ALICE, first, aliceList, server, time);
  const laptop = new Person(ALICE, second, aliceList, server, time);
  const bob = new Person(BOB, other, bobList, server, time);
  for (const mine of [alice, laptop]) mine.book.load([bob.contact]);
  bob.book.load([alice.contact]);
  for (const person of [alice, laptop, bob]) person.publish(server, 0);
  return { alice, laptop, bob, server, time };
}

async function sealedFor(from: Person, to: Person): Promise<MailEntry & { readonly step: number }> {
  const sealed = await from.cipher.seal(to.to, id, contents);
  if (!sealed.ok) throw new Error(sealed.error);
  const { envelope, step } = sealed.value;
  return { position: 1, fromAccount: from.account, from: from.device, atWallMs: 0 as WallMs, envelope, step };
}

/** One device of somebody. */
class Person {
  readonly account: AccountNumber;
  readonly device: DeviceId;
  readonly book = new ContactBook();
  readonly asked: AccountNumber[] = [];
  readonly stored = new Map<DeviceId, Uint8Array>();
  storeFails = false;
  warnings = 0;
  /** Secret of the link whose key is published. */
  link: Uint8Array | undefined = new Uint8Array(32).fill(1);
  readonly cipher: DeviceMailCipher;
  readonly keys: MailKeys;
  readonly contact: Contact;
  readonly #identity: Identity;
  readonly #list: KnownList;
  readonly #server: Server;
  readonly #time: VirtualTime;

  constructor(account: AccountNumber, identity: Identity, list: KnownList, server: Server, time: VirtualTime) {
    this.account = account;
    this.#identity = identity;
    this.#list = list;
    this.#server = server;
    this.#time = time;
    const own = { keys: deviceKeysOf(identity), newest: list, accountKey: list.list.accountKey };
    this.device = own.keys.device;
    const ownAccount = () => account;
    const devices = new MailDevices({ book: this.book, own, ownAccount });
    this.keys = this.#mailKeys(devices);
    this.cipher = new DeviceMailCipher({
      random: new SeededRandom(1, `chance of ${this.device}`),
      encapsulate: encapsulateFor,
      own,
      ownAccount,
      devices,
      theirKeys: this.keys,
      ownKeys: { pairOf: () => this.link && mailboxKeyPairOf(this.link) },
    });
    this.contact = contactOf(account, list);
  }

  get to() {
    return { account: this.account, device: this.device };
  }

  /** The same device in its next run. */
  again(): Person {
    const next = new Person(this.account, this.#identity, this.#list, this.#server, this.#time);
    for (const [device, key] of this.stored) next.stored.set(device, key);
    next.book.load(this.book.all());
    return next;
  }

  publish(server: Server, step: number, generation = 1): void {
    const pair = mailboxKeyPairOf(this.link!);
    const signing = signingKeyPairOf(this.#identity.signSeed);
    server.keys.set(this.device, signMailboxKey({ generation, step }, pair, this.device, signing.secretKey));
  }

  #mailKeys(devices: MailDevices): MailKeys {
    const log: Log = { ...silentLog, warn: () => this.warnings++ };
    return new MailKeys({
      clock: new ProcessClock(this.#time, { startMs: 0, wallSkewMs: 0 }),
      log,
      store: {
        mailKeys: async (wanted) => {
          if (this.storeFails) throw new Error('no disk');
          return wanted.flatMap((device) => {
            const key = this.stored.get(device);
            return key ? [{ device, key }] : [];
          });
        },
        saveMailKeys: async (saved) => {
          if (this.storeFails) throw new Error('no disk');
          for (const { device, key } of saved) this.stored.set(device, key);
        },
      },
      devices,
      request: async (request) => {
        if (request.type !== 'mail-keys-get') throw new Error(request.type);
        const { account } = request;
        this.asked.push(account);
        if (this.#server.error) return err(this.#server.error);
        const entries = [...this.#server.keys].map(([device, key]) => ({ device, key }));
        await Promise.resolve();
        return ok({ type: 'mail-keys', requestId: 1 as RequestId, account, entries });
      },
    });
  }
}

function listOf(...identities: readonly Identity[]): KnownList {
  const account = signingKeyPairOf(identities[0]!.accountSeed);
  const devices = identities.map((identity) => {
    const { exchange, signKey } = deviceKeysOf(identity);
    return { exchangeKey: exchange.publicKey, signKey };
  });
  const list = { accountKey: account.publicKey, version: 1, previousHash: NO_PREVIOUS_HASH, devices };
  return knownList(signDeviceList(list, account.secretKey), account.publicKey)!;
}

function contactOf(account: AccountNumber, { blob, list }: KnownList): Contact {
  return {
    account,
    name: `user${account}` as AccountName,
    displayName: '',
    state: 'member',
    version: 1,
    accountKey: list.accountKey,
    pinnedKey: list.accountKey,
    deviceList: blob,
    text: '',
    signatureLine: '',
    unread: 0,
    local: NO_NOTES,
  };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 60; turn++) await Promise.resolve();
}
