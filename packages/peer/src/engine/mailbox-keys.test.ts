import { toHex } from '@magpie/common/bytes/hex.ts';
import { deviceIdOf, exchangeKeyPairOf, signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import { isNewerKey, type MailboxKey, verifyMailboxKey } from '@magpie/common/channel/mailbox-key.ts';
import type { AccountNumber, RequestId } from '@magpie/common/ids.ts';
import { silentLog } from '@magpie/common/log.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../../test/sim/seeded-random.ts';
import { ProcessClock, VirtualTime } from '../../../../test/sim/virtual-time.ts';
import type { Answer, Request, RequestError } from '../server-link/server-connection.ts';
import { MAILBOX_KEY_RETRY_MS_MAX, MAILBOX_KEY_RETRY_MS_MIN, MAILBOX_STEP_MS } from './limits.ts';
import type { MailboxLinks } from './mailbox-key-keeper.ts';
import { MailboxKeys } from './mailbox-keys.ts';

const WEEK = MAILBOX_STEP_MS;
const ME = 10_001 as AccountNumber;
const identity = { exchangeSecret: new Uint8Array(32).fill(1), signSeed: new Uint8Array(32).fill(2) };
const signKey = signingKeyPairOf(identity.signSeed).publicKey;
const device = deviceIdOf(exchangeKeyPairOf(identity.exchangeSecret).publicKey, signKey);

describe('the own mailbox key', () => {
  it('[MB4] is begun with the first login, saved, then published', async () => {
    const world = keysWorld();
    const { file, keys } = await world.login();
    expect(world.published()).toMatchObject({ generation: 1, step: 0 });
    expect(file.links?.chains).toMatchObject([{ generation: 1, oldestStep: 0, publishedStep: 0 }]);
    expect(world.opens(keys)).toBe(true);
    expect(world.log).toEqual(['saved', 'mail-key-set']);
  });

  it('[MB4] is not published anew when the server has it', async () => {
    const world = keysWorld();
    const { keys } = await world.login();
    world.log.length = 0;
    keys.handleLinkDown();
    keys.handleLinkUp();
    await world.run(1_000);
    expect(world.log).toEqual([]);
  });

  it('[MB4] steps once a week, however long the device was away, and is saved before it is published', async () => {
    const world = keysWorld();
    const { keys, file } = await world.login();
    world.log.length = 0;
    await world.run(WEEK - 2_000);
    expect(world.published()?.step).toBe(0);
    await world.run(3_000);
    expect(world.published()?.step).toBe(1);
    expect(world.log).toEqual(['saved', 'mail-key-set']);
    keys.handleLinkDown();
    await world.run(5 * WEEK);
    expect(world.published()?.step).toBe(1);
    keys.handleLinkUp();
    await world.run(WEEK - 2_000);
    expect(world.published()?.step).toBe(2);
    expect(file.links?.chains.at(-1)?.publishedStep).toBe(2);
    await world.run(3_000);
    expect(world.published()?.step).toBe(3);
  });

  it('[MB4] does not step while the server has not taken the last one, and tries again', async () => {
    const world = keysWorld();
    await world.login();
    world.refuses = true;
    await world.run(2 * WEEK);
    expect(world.published()?.step).toBe(0);
    world.refuses = false;
    await world.run(MAILBOX_KEY_RETRY_MS_MAX + 1_000);
    expect(world.published()?.step).toBe(1);
    await world.run(WEEK - MAILBOX_KEY_RETRY_MS_MAX - 2_000);
    expect(world.published()?.step).toBe(1);
  });

  it('[MB4] is not published when it cannot be saved', async () => {
    const world = keysWorld();
    const { file } = await world.login();
    file.full = true;
    await world.run(WEEK + 10_000);
    expect(world.published()?.step).toBe(0);
    file.full = false;
    await world.run(MAILBOX_KEY_RETRY_MS_MIN * 2);
    expect(world.published()?.step).toBe(1);
  });

  it('[MB4] stays as it is while invisible, and what waits is published on becoming visible', async () => {
    const world = keysWorld();
    world.visible = false;
    const { keys } = await world.login();
    expect(world.published()).toBeUndefined();
    world.visible = true;
    keys.handleVisible();
    await world.run(1_000);
    expect(world.published()?.step).toBe(0);
    world.visible = false;
    await world.run(2 * WEEK);
    await keys.renew();
    await world.run(1_000);
    expect(world.published()).toMatchObject({ generation: 1, step: 0 });
    world.visible = true;
    keys.handleVisible();
    await world.run(1_000);
    expect(world.published()).toMatchObject({ generation: 2, step: 0 });
  });

  it('[MB7] is of a new chain after a device was revoked; what was sealed before still opens', async () => {
    const world = keysWorld();
    const { keys, file } = await world.login();
    const before = world.published()!;
    await keys.renew();
    expect(file.links?.chains.map(({ generation }) => generation)).toEqual([1, 2]);
    await world.run(1_000);
    const published = world.published()!;
    expect(published).toMatchObject({ generation: 2, step: 0 });
    expect(toHex(published.exchangeKey)).not.toBe(toHex(before.exchangeKey));
    expect([world.opens(keys, before), world.opens(keys)]).toEqual([true, true]);
  });

  it('[MB7] of a new chain that could not be saved comes as soon as it can be, unasked', async () => {
    const world = keysWorld();
    const { keys, file } = await world.login();
    file.full = true;
    await expect(keys.renew()).rejects.toThrow('no space left');
    await world.run(2 * MAILBOX_KEY_RETRY_MS_MIN);
    expect(world.published()).toMatchObject({ generation: 1 });
    file.full = false;
    await world.run(8 * MAILBOX_KEY_RETRY_MS_MIN);
    expect(world.published()).toMatchObject({ generation: 2, step: 0 });
    await world.run(8 * MAILBOX_KEY_RETRY_MS_MIN);
    expect(file.links?.chains.map(({ generation }) => generation)).toEqual([1, 2]);
  });

  it('[MB5] of an old copy of the profile walks forward to what is published, and opens all since then', async () => {
    const world = keysWorld();
    const first = await world.login();
    const copy = structuredClone(first.file.links);
    const keysShown = [world.published()!];
    for (let week = 0; week < 3; week++) {
      await world.run(WEEK + 1_000);
      keysShown.push(world.published()!);
    }
    expect(keysShown.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
    first.keys.handleLinkDown();
    const restored = await world.login(copy);
    expect(world.published()).toEqual(keysShown[3]);
    expect(keysShown.map((key) => world.opens(restored.keys, key))).toEqual([true, true, true, true]);
    expect(restored.file.links?.chains).toMatchObject([{ generation: 1, oldestStep: 0, publishedStep: 3 }]);
    await world.run(WEEK + 1_000);
    expect(world.published()?.step).toBe(4);
  });

  it('[MB5] of an old copy opens newer mail already before the server was asked', async () => {
    const world = keysWorld();
    const first = await world.login();
    const copy = structuredClone(first.file.links);
    await world.run(2 * WEEK + 10_000);
    const restored = await world.start(copy);
    expect(world.published()?.step).toBe(2);
    expect(world.opens(restored.keys)).toBe(true);
  });

  it('[MB5] is of a new chain when another copy has begun one, or the same generation with another chain', async () => {
    const world = keysWorld();
    const first = await world.login();
    const copy = structuredClone(first.file.links);
    await first.keys.renew();
    await world.run(1_000);
    first.keys.handleLinkDown();
    const restored = await world.login(copy);
    expect(world.published()).toMatchObject({ generation: 3, step: 0 });
    expect(world.opens(restored.keys)).toBe(true);
    const fork = { chains: [{ ...restored.file.links!.chains.at(-1)!, oldestSecret: new Uint8Array(32).fill(9) }] };
    restored.keys.handleLinkDown();
    const forked = await world.login(fork);
    expect(world.published()).toMatchObject({ generation: 4, step: 0 });
    expect(world.opens(forked.keys)).toBe(true);
  });

  it('[MB5] begins behind the published one when the file is gone', async () => {
    const world = keysWorld();
    const first = await world.login();
    first.keys.handleLinkDown();
    const { keys } = await world.login();
    expect(world.published()).toMatchObject({ generation: 2, step: 0 });
    expect(world.opens(keys)).toBe(true);
  });

  it('[MB5] is published again to a server that was restored, and the weeks count from then', async () => {
    const world = keysWorld();
    const { keys, file } = await world.login();
    const old = world.blob;
    await world.run(WEEK + 10_000);
    world.blob = old;
    keys.handleLinkDown();
    keys.handleLinkUp();
    await world.run(1_000);
    expect(world.published()?.step).toBe(1);
    expect(world.wallNow() - file.links!.chains.at(-1)!.publishedAtMs).toBeLessThan(2_000);
  });

  it('[MB6] forgets a link when no mail waits for it and three weeks have passed, in memory and in the file', async () => {
    const world = keysWorld();
    const { keys, file } = await world.login();
    const first = world.published()!;
    await world.run(3 * WEEK + 10_000);
    keys.handleAcked({ left: 0, generation: 0, step: 0 });
    await world.run(1_000);
    expect(world.opens(keys, first)).toBe(true);
    await world.run(WEEK);
    expect(file.links?.chains[0]?.oldestStep).toBe(1);
    expect(world.opens(keys, first)).toBe(false);
    expect(world.opens(keys)).toBe(true);
  });

  it('[MB6] forgets nothing that the server says mail waits for', async () => {
    const world = keysWorld();
    const { keys, file } = await world.login();
    const first = world.published()!;
    await world.run(6 * WEEK);
    keys.handleAcked({ left: 1, generation: 1, step: 0 });
    await world.run(2 * WEEK);
    expect(file.links?.chains[0]?.oldestStep).toBe(0);
    expect(world.opens(keys, first)).toBe(true);
  });

  it('[MB6] keeps a link for as long as its successor is not published', async () => {
    const world = keysWorld();
    const { keys, file } = await world.login();
    world.refuses = true;
    await world.run(6 * WEEK);
    keys.handleAcked({ left: 0, generation: 0, step: 0 });
    await world.run(WEEK);
    expect(file.links?.chains[0]).toMatchObject({ oldestStep: 0, publishedStep: 1 });
    expect(world.opens(keys)).toBe(true);
  });

  it('does nothing more once it is stopped', async () => {
    const world = keysWorld();
    const { keys } = await world.login();
    keys.stop();
    await world.run(3 * WEEK);
    expect(world.published()?.step).toBe(0);
  });
});

interface Copy {
  readonly keys: MailboxKeys;
  readonly file: { links: MailboxLinks | undefined; full: boolean };
}

/** A server that keeps one key, and copies of one profile that come and go. */
function keysWorld() {
  const time = new VirtualTime();
  const clock = new ProcessClock(time, { startMs: 0, wallSkewMs: 0 });
  let copies = 0;
  const world = {
    blob: undefined as Uint8Array | undefined,
    refuses: false,
    visible: true,
    log: [] as string[],
    wallNow: () => clock.wallNow(),
    published: (): MailboxKey | undefined => world.blob && verifyMailboxKey(world.blob, device, signKey),
    opens: (keys: MailboxKeys, key: MailboxKey | undefined = world.published()): boolean => {
      const pair = key && keys.pairOf(key);
      return pair !== undefined && toHex(pair.kem.publicKey) === toHex(key!.kemKey);
    },
    start: async (links?: MailboxLinks): Promise<Copy> => {
      const file: Copy['file'] = { links, full: false };
      const keys = new MailboxKeys({
        clock,
        random: new SeededRandom(1, `copy ${++copies}`),
        log: silentLog,
        keeper: {
          load: async () => file.links,
          save: async (saved) => {
            if (file.full) throw new Error('no space left');
            file.links = structuredClone(saved) as MailboxLinks;
            world.log.push('saved');
          },
        },
        identity,
        account: () => ME,
        wallNow: () => clock.wallNow(),
        mayPublish: () => world.visible,
        request: async (request) => answer(request),
      });
      await keys.load();
      return { keys, file };
    },
    login: async (links?: MailboxLinks): Promise<Copy> => {
      const copy = await world.start(links);
      copy.keys.handleLinkUp();
      await world.run(1_000);
      return copy;
    },
    run: async (ms: number) => {
      const endMs = time.nowMs + ms;
      await settled();
      while ((time.nextAtMs ?? Number.POSITIVE_INFINITY) <= endMs) {
        time.runNext();
        await settled();
      }
      time.jumpTo(endMs);
    },
  };
  const requestId = 1 as RequestId;
  function answer(request: Request): Result<Answer, RequestError> {
    if (request.type === 'mail-keys-get') {
      const entries = world.blob ? [{ device, key: world.blob }] : [];
      return ok({ type: 'mail-keys', requestId, account: request.account, entries });
    }
    if (request.type !== 'mail-key-set') throw new Error(request.type);
    if (world.refuses) return err({ kind: 'refused', code: 'busy', retryAfterMs: 0 });
    const shown = world.published();
    if (shown && isNewerKey(shown, request)) return err({ kind: 'refused', code: 'stale-mail-key', retryAfterMs: 0 });
    world.blob = request.key;
    world.log.push(request.type);
    return ok({ type: 'done', requestId });
  }
  return world;
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
}
