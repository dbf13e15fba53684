import { verifyDeviceList } from '@magpie/common/channel/device-list.ts';
import { equalBytes } from '@magpie/common/channel/keys.ts';
import { encodeFrame, type FrameOf } from '@magpie/common/frames/frame.ts';
import type { AccountNumber, RequestId } from '@magpie/common/ids.ts';
import { DEVICE_CHAIN_PAGE_MAX } from '@magpie/common/limits.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { LiveSession } from '../bus/directory.ts';
import { fenceOf } from '../bus/fence-of.ts';
import { RATE_BUCKETS, type ServerLimits } from '../limits.ts';
import { RateTable } from '../rate-budget.ts';
import { type Refusal, refusal } from '../refusal.ts';
import type { AccountsPorts } from './accounts-ports.ts';
import type { Announcer } from './announcer.ts';
import type { Audit } from './audit.ts';
import { certifyNextList, listedDevices } from './certified-device.ts';

const HOUR_SECONDS = 3_600;

/** The signed lists of an account's devices (R6), as those who are logged in change and read them. */
export class OwnDevices {
  readonly #ports: AccountsPorts;
  readonly #announcer: Announcer;
  readonly #audit: Audit;
  readonly #lists: RateTable;
  readonly #chains: RateTable;
  /** With more than this on its way to a client the next page waits, so that a long chain makes nobody a slow reader. */
  readonly #pageAboveBytesMax: number;

  /** @param lists how often the devices of an account may change, however they do */
  constructor(ports: AccountsPorts, announcer: Announcer, audit: Audit, lists: RateTable, limits: ServerLimits) {
    this.#ports = ports;
    this.#announcer = announcer;
    this.#audit = audit;
    this.#pageAboveBytesMax = limits.writeQueueSoftBytes;
    this.#lists = lists;
    const perHour = limits.deviceChainsPerHour;
    this.#chains = new RateTable(perHour / HOUR_SECONDS, perHour, RATE_BUCKETS, ports.random);
  }

  /** A newer list that holds the asking device. Whatever it holds no more is revoked: its sessions end within a second. */
  async setList(by: LiveSession, deviceList: Uint8Array): Promise<Result<void, Refusal>> {
    const { store, clock } = this.#ports;
    const { number } = by.account;
    const waitMs = this.#lists.take(number, clock.now());
    if (waitMs > 0) return err(refusal('rate-limited', 'device lists', waitMs));
    const account = await store.accountByNumber(number);
    if (!account) return err(refusal('stale-epoch'));
    // A list whose answer was lost comes again.
    if (equalBytes(deviceList, account.deviceList)) return ok(undefined);
    const next = certifyNextList(by.device, deviceList, account);
    if (!next.ok) return next;
    const { deviceListVersion, listed } = next.value;
    const replaced = await store.replaceDeviceList(fenceOf(by), next.value.deviceList, deviceListVersion, listed);
    if (!replaced.ok) {
      return err(replaced.error === 'stale-epoch' ? refusal('stale-epoch') : refusal('bad-device-list', 'older'));
    }
    const { revoked } = replaced.value;
    await this.#announcer.deviceList(number, replaced.value);
    if (revoked.length > 0) {
      const detail = `${revoked.length} of ${listed.length + revoked.length}`;
      await this.#audit.note({ actor: number, action: 'device-revoked', subject: number, detail });
    }
    return ok(undefined);
  }

  /** Every list above version `since`, of oneself or of a friend, in pages as fast as they are taken. */
  async sendChain(
    to: LiveSession,
    requestId: RequestId,
    of: AccountNumber,
    since: number,
  ): Promise<Refusal | undefined> {
    const { store, clock } = this.#ports;
    const waitMs = this.#chains.take(to.account.number, clock.now());
    if (waitMs > 0) return refusal('rate-limited', 'device chains', waitMs);
    let after = since;
    for (;;) {
      if (of !== to.account.number && !to.account.friends.has(of)) return refusal('not-friends');
      const account = await store.accountByNumber(of);
      const lists = await store.deviceChain(of, after, DEVICE_CHAIN_PAGE_MAX);
      const newest = account && lists.length > 0 && verifyDeviceList(lists.at(-1)!, account.accountKey);
      const last = lists.length < DEVICE_CHAIN_PAGE_MAX || !newest || !newest.ok;
      while (to.wire.open && to.wire.queuedBytes > this.#pageAboveBytesMax) await to.wire.whenTaken();
      if (!to.wire.open) return undefined;
      to.wire.send(encodeFrame({ type: 'device-chain', requestId, account: of, last, lists }));
      if (last) return undefined;
      after = newest.value.version;
    }
  }

  /** In the order of the list. */
  async list(by: LiveSession): Promise<FrameOf<'devices'>['entries']> {
    const { store, directory } = this.#ports;
    const account = await store.accountByNumber(by.account.number);
    if (!account) return [];
    const known = new Map((await store.devicesOf(account.account)).map((device) => [device.device, device]));
    return listedDevices(account).map((device) => ({
      device,
      label: known.get(device)?.label ?? '',
      active: known.get(device)?.active ?? false,
      online: directory.session(device)?.account.number === account.account,
      lastLoginWallMs: known.get(device)?.lastLoginAt ?? 0,
    }));
  }
}
