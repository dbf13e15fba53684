import type { FrameOf } from '@magpie/common/frames/frame.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import { LinkWorld } from '../server-link/test-server.ts';
import type { FriendDevice } from './contact-book.ts';
import { type DeviceKeys, deviceKeysOf } from './device-keys.ts';
import { Handshakes } from './handshakes.ts';
import { newIdentity } from './test-world.ts';

describe('a handshake (PK)', () => {
  it('[PK8] gives both sides the same secrets in one round trip through the server', async () => {
    const { world, low, high } = pair();
    void low.handshakes.begin(high.device);
    expect(low.handshakes.underWay(high.device)).toBe(true);
    await world.run(200);
    expect(low.sessions).toEqual(['initiator']);
    expect(high.sessions).toEqual(['responder']);
    expect(low.handshakes.underWay(high.device)).toBe(false);
    expect(low.hashes).toEqual(high.hashes);
  });

  it('[PK13] repeats the same bytes at 0.3, 0.6, 1.2, 2.4 s, then every 5 s, and gives up at 30 s', async () => {
    const { world, low, high } = pair();
    high.deaf = true;
    void low.handshakes.begin(high.device);
    await world.run(60_000);
    expect(low.introduced.map(({ atMs }) => Math.round(atMs))).toEqual([
      0, 300, 900, 2_100, 4_500, 9_500, 14_500, 19_500, 24_500, 29_500,
    ]);
    expect(new Set(low.introduced.map(({ packet }) => Buffer.from(packet).toString('hex'))).size).toBe(1);
    expect(low.failures).toEqual(['timed-out']);
  });

  it('[PK13] understands a response that comes before its psk', async () => {
    const { world, low, high } = pair();
    low.pskDelayMs = 150;
    void low.handshakes.begin(high.device);
    await world.run(120);
    expect(low.sessions).toEqual([]);
    await world.run(200);
    expect(low.sessions).toEqual(['initiator']);
  });

  it('[PK13] goes through on a road of 4 s, with every repetition bringing another psk', async () => {
    const { world, low, high } = pair({ delayMs: 2_000 });
    void low.handshakes.begin(high.device);
    await world.run(20_000);
    expect(low.sessions).toEqual(['initiator']);
    expect(high.sessions).toEqual(['responder']);
  });

  it('[PK13] ends with the refusal of its first introduction, not of a later one', async () => {
    const { world, low, high } = pair();
    low.refuse = 'peer-gone';
    void low.handshakes.begin(high.device);
    await world.run(1_000);
    expect(low.failures).toEqual(['peer-gone']);
    low.refuse = undefined;
    high.deaf = true;
    void low.handshakes.begin(high.device);
    await world.run(200);
    low.refuse = 'rate-limited';
    await world.run(1_000);
    expect(low.failures).toEqual(['peer-gone']);
    low.refuse = undefined;
    high.deaf = false;
    await world.run(5_000);
    expect(low.sessions).toEqual(['initiator']);
  });

  it('[PK13] ends with the link that carried it', async () => {
    const { world, low, high } = pair();
    high.deaf = true;
    void low.handshakes.begin(high.device);
    await world.run(100);
    low.handshakes.handleLinkDown();
    expect(low.failures).toEqual(['link-down']);
    await world.run(60_000);
    expect(low.introduced).toHaveLength(1);
  });

  it('is under way once, however often it is asked for', async () => {
    const { world, low, high } = pair();
    for (let i = 0; i < 5; i++) void low.handshakes.begin(high.device);
    await world.run(200);
    expect(low.introduced).toHaveLength(1);
  });

  it('[PK18] set off by packets of an unknown session begins at most once a second', async () => {
    const { world, low, high } = pair();
    for (let i = 0; i < 25; i++) {
      low.handshakes.beginSpaced(high.device);
      await world.run(100);
    }
    expect(low.sessions).toHaveLength(3);
  });

  it('fails when the store does not give a stamp', async () => {
    const { world, low, high } = pair();
    low.stampFails = true;
    await low.handshakes.begin(high.device);
    await world.run(100);
    expect(low.failures).toEqual(['store-failed']);
    expect(low.handshakes.underWay(high.device)).toBe(false);
  });

  it('is neither begun nor answered while closed', async () => {
    const { world, low, high } = pair();
    low.handshakes.close();
    void low.handshakes.begin(high.device);
    void high.handshakes.begin(low.device);
    await world.run(1_000);
    expect(low.introduced).toEqual([]);
    expect(low.sessions).toEqual([]);
    expect(high.sessions).toEqual([]);
    low.handshakes.reopen();
    await world.run(5_000);
    expect(high.sessions).toEqual(['initiator']);
  });
});

describe('both sides at once (R12)', () => {
  it('[PK15] goes through once, and the lower device id began it', async () => {
    for (const headStartMs of [0, 5, 30, 59]) {
      const { world, low, high } = pair();
      void high.handshakes.begin(low.device);
      await world.run(headStartMs);
      void low.handshakes.begin(high.device);
      await world.run(5_000);
      expect(low.hashes).toEqual(high.hashes);
      expect(low.sessions).toHaveLength(1);
    }
    const { world, low, high } = pair();
    void low.handshakes.begin(high.device);
    void high.handshakes.begin(low.device);
    await world.run(5_000);
    expect(low.sessions).toEqual(['initiator']);
    expect(high.sessions).toEqual(['responder']);
  });

  it('[PK15] takes the higher one when the lower one is refused', async () => {
    const { world, low, high } = pair();
    low.refuse = 'peer-gone';
    void low.handshakes.begin(high.device);
    void high.handshakes.begin(low.device);
    await world.run(1_000);
    expect(low.sessions).toEqual(['responder']);
    expect(high.sessions).toEqual(['initiator']);
  });

  it('goes through once also when the stamp of one takes long', async () => {
    const { world, low, high } = pair();
    high.stampMs = 100;
    void high.handshakes.begin(low.device);
    await world.run(10);
    void low.handshakes.begin(high.device);
    await world.run(5_000);
    expect(low.sessions).toEqual(['initiator']);
    expect(high.sessions).toEqual(['responder']);
    expect(high.introduced).toEqual([]);
  });
});

describe('an init that must not be answered', () => {
  it('[PK14] replayed gets the same response and makes nothing new', async () => {
    const { world, low, high } = pair();
    void low.handshakes.begin(high.device);
    await world.run(200);
    const [response] = high.relayed;
    high.handshakes.handleIntroduction(low.introduced[0]!.frame);
    high.handshakes.handleIntroduction({ ...low.introduced[0]!.frame, psk: new Uint8Array(32).fill(9) });
    expect(high.relayed).toEqual([response, response, response]);
    expect(high.sessions).toEqual(['responder']);
  });

  it('[PK10] of a stranger gets silence', async () => {
    const { world, low, high } = pair();
    high.friend = undefined;
    void low.handshakes.begin(high.device);
    await world.run(2_000);
    expect(high.relayed).toEqual([]);
    expect(high.sessions).toEqual([]);
  });

  it('[PK10] in the name of another account gets silence', async () => {
    const { world, low, high } = pair();
    high.deaf = true;
    void low.handshakes.begin(high.device);
    await world.run(100);
    high.handshakes.handleIntroduction({ ...low.introduced[0]!.frame, fromAccount: 10_099 as AccountNumber });
    expect(high.relayed).toEqual([]);
  });

  it("[PK10] by another key than the friend's certified one gets silence", async () => {
    const { world, low, high } = pair();
    high.friend = { ...high.friend!, exchangeKey: keysOf('mallory').exchange.publicKey };
    void low.handshakes.begin(high.device);
    await world.run(2_000);
    expect(high.relayed).toEqual([]);
    expect(high.sessions).toEqual([]);
  });

  it('[PK11] with an older device list gets silence, a newer one has the list fetched', async () => {
    const { world, low, high } = pair();
    high.friend = { ...high.friend!, listVersion: 4 };
    low.listVersion = 3;
    void low.handshakes.begin(high.device);
    await world.run(2_000);
    expect(high.sessions).toEqual([]);
    low.handshakes.drop(high.device);
    low.listVersion = 5;
    void low.handshakes.begin(high.device);
    await world.run(2_000);
    expect(high.sessions).toEqual(['responder']);
    expect(high.newerLists).toEqual([low.device]);
  });

  it('or is garbage gets silence, and so does a garbage response', async () => {
    const { world, low, high } = pair();
    high.deaf = true;
    void low.handshakes.begin(high.device);
    await world.run(100);
    const { frame } = low.introduced[0]!;
    for (let at = 0; at < frame.packet.length; at += 7) {
      const packet = frame.packet.slice();
      packet[at] = packet[at]! ^ 0x10;
      high.handshakes.handleIntroduction({ ...frame, packet });
      low.handshakes.handleResponse(high.device, packet);
    }
    high.handshakes.handleIntroduction({ ...frame, packet: new Uint8Array(0) });
    low.handshakes.handleResponse(high.device, new Uint8Array(0));
    expect(high.relayed).toEqual([]);
    expect([...low.sessions, ...high.sessions, ...low.failures]).toEqual([]);
  });
});

/** Two devices that are friends, with a server between them that only passes on; `low` has the lower device id. */
function pair(options: { readonly delayMs?: number } = {}) {
  const world = new LinkWorld();
  const keys = [keysOf('one'), keysOf('two')].sort((a, b) => (a.device < b.device ? -1 : 1));
  const low = new Side(world, keys[0]!, 10_001 as AccountNumber, options.delayMs ?? 30);
  const high = new Side(world, keys[1]!, 10_002 as AccountNumber, options.delayMs ?? 30);
  low.meets(high);
  high.meets(low);
  return { world, low, high };
}

class Side {
  readonly handshakes: Handshakes;
  readonly keys: DeviceKeys;
  readonly account: AccountNumber;
  friend: FriendDevice | undefined;
  listVersion = 1;
  /** Nothing reaches it. */
  deaf = false;
  refuse: string | undefined;
  pskDelayMs = 0;
  stampMs = 0;
  stampFails = false;
  readonly introduced: {
    readonly atMs: number;
    readonly packet: Uint8Array;
    readonly frame: FrameOf<'introduction'>;
  }[] = [];
  readonly relayed: Uint8Array[] = [];
  readonly sessions: ('initiator' | 'responder')[] = [];
  readonly hashes: Uint8Array[] = [];
  readonly failures: string[] = [];
  readonly newerLists: DeviceId[] = [];
  readonly #world: LinkWorld;
  readonly #delayMs: number;
  #other: Side | undefined;

  constructor(world: LinkWorld, keys: DeviceKeys, account: AccountNumber, delayMs: number) {
    this.#world = world;
    this.#delayMs = delayMs;
    this.keys = keys;
    this.account = account;
    let index = 100;
    this.handshakes = new Handshakes({
      clock: world.clock,
      random: world.random,
      staticKey: keys.exchange,
      ownDevice: keys.device,
      friendDevice: (device) => (this.friend?.device === device ? this.friend : undefined),
      nextStamp: async () => {
        if (this.stampFails) throw new Error('no stamp');
        if (this.stampMs > 0) await this.#later(this.stampMs);
        return 1;
      },
      ownListVersion: () => this.listVersion,
      introduce: (_to, packet) => this.#introduce(packet),
      sendRelay: (_to, packet) => {
        this.relayed.push(packet);
        const other = this.#other!;
        void this.#later(2 * delayMs).then(() => {
          if (!other.deaf) other.handshakes.handleResponse(keys.device, packet);
        });
      },
      newIndex: () => index++,
      onSecrets: (_friend, role, secrets) => {
        this.sessions.push(role);
        this.hashes.push(secrets.handshakeHash);
      },
      onFailed: (_device, code) => void this.failures.push(code),
      onNewerList: (device) => void this.newerLists.push(device),
    });
  }

  get device(): DeviceId {
    return this.keys.device;
  }

  meets(other: Side): void {
    this.#other = other;
    const { device, exchange } = other.keys;
    this.friend = { device, account: other.account, exchangeKey: exchange.publicKey, listVersion: 1 };
  }

  async #introduce(packet: Uint8Array): Promise<Result<{ readonly psk: Uint8Array }, string>> {
    const { time, random } = this.#world;
    const psk = random.bytes(32);
    const frame: FrameOf<'introduction'> = {
      type: 'introduction',
      from: this.device,
      fromAccount: this.account,
      pskId: random.bytes(8),
      psk,
      packet: packet.slice(),
    };
    this.introduced.push({ atMs: time.nowMs, packet: packet.slice(), frame });
    const { refuse } = this;
    await this.#later(this.#delayMs);
    if (refuse) {
      await this.#later(this.#delayMs);
      return err(refuse);
    }
    void this.#later(this.#delayMs).then(() => {
      if (!this.#other!.deaf) this.#other!.handshakes.handleIntroduction(frame);
    });
    await this.#later(this.#delayMs + this.pskDelayMs);
    return ok({ psk });
  }

  #later(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#world.time.schedule(this.#world.time.nowMs + ms, resolve);
    });
  }
}

function keysOf(name: string): DeviceKeys {
  return deviceKeysOf(newIdentity(new SeededRandom(1, name)));
}
