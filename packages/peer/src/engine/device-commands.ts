import { deviceIdOf } from '@magpie/common/channel/keys.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import type { AccountLink } from './account-link.ts';
import type { CommandError } from './command-error.ts';
import type { DeviceView } from './engine.ts';
import { requestError } from './link-errors.ts';
import type { OwnDevices } from './own-devices.ts';

export interface DeviceCommandsOptions {
  readonly account: AccountLink;
  readonly own: OwnDevices;
  /** A device of the account was revoked, perhaps because it was stolen: its owner's keys change (R9). */
  readonly onRevoked: () => Promise<void>;
}

/** Changes of the list are signed anew when another device of the account was faster; more than this is no coincidence. */
const SIGN_TRIES = 3;

/** The commands about the devices of the own account. */
export class DeviceCommands {
  readonly #options: DeviceCommandsOptions;

  constructor(options: DeviceCommandsOptions) {
    this.#options = options;
  }

  async list(): Promise<Result<readonly DeviceView[], CommandError>> {
    const { account, own } = this.#options;
    if (!account.profile?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const answer = await account.request({ type: 'devices-get' });
    if (!answer.ok) return err(requestError(answer.error));
    if (answer.value.type !== 'devices') return err({ code: 'INTERNAL' });
    return ok(
      answer.value.entries.map(({ device, label, active, online, lastLoginWallMs }) => ({
        device,
        label,
        own: device === own.keys.device,
        active,
        online,
        lastLoginAt: lastLoginWallMs === 0 ? undefined : (lastLoginWallMs as WallMs),
      })),
    );
  }

  /** @param text device id, or its unique beginning */
  async revoke(text: string): Promise<Result<readonly DeviceView[], CommandError>> {
    const { account, own } = this.#options;
    const { profile } = account;
    if (!profile?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    // Added by another one a moment ago, it is not in the list that is known here.
    if (isUnknown(this.#find(text))) await own.refresh(profile.account, account);
    for (let tries = 1; ; tries++) {
      const found = this.#find(text);
      if (!found.ok) return found;
      const next = own.listWithout(found.value);
      if (!next) return err({ code: 'INTERNAL' });
      const set = await account.request({ type: 'device-list-set', deviceList: next.blob });
      if (set.ok) {
        await own.adopt([next]);
        await this.#options.onRevoked();
        return this.list();
      }
      const outrun = set.error.kind === 'refused' && set.error.code === 'bad-device-list' && tries < SIGN_TRIES;
      if (!outrun || !(await own.refresh(profile.account, account))) return err(requestError(set.error));
    }
  }

  #find(text: string): Result<DeviceId, CommandError> {
    const { own } = this.#options;
    const wanted = text.trim().toLowerCase();
    const devices = own.newest?.list.devices.map(({ exchangeKey, signKey }) => deviceIdOf(exchangeKey, signKey)) ?? [];
    const [found, another] = devices.filter((device) => wanted !== '' && device.startsWith(wanted));
    if (!found) return err({ code: 'NOT_FOUND', detail: { who: text } });
    if (another) return err({ code: 'AMBIGUOUS', detail: { who: text } });
    // Its own end is `logout`: a list without the device that signs it would be its last.
    return found === own.keys.device ? err({ code: 'WRONG_DEVICE' }) : ok(found);
  }
}

function isUnknown(found: Result<DeviceId, CommandError>): boolean {
  return !found.ok && found.error.code === 'NOT_FOUND';
}
