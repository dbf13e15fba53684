import { readDeviceList } from '@magpie/common/channel/device-list.ts';
import type { EnvelopeParty } from '@magpie/common/channel/envelope.ts';
import { deviceIdOf } from '@magpie/common/channel/keys.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { ContactBook } from './contact-book.ts';
import type { KnownList } from './device-chain.ts';

/** A device that mail may come from and go to, as the signed list of its account has it. */
export interface MailDevice extends EnvelopeParty {
  readonly account: AccountNumber;
  /** Ed25519: it signs the device's mailbox key. */
  readonly signKey: Uint8Array;
}

export interface MailDevicesOptions {
  readonly book: Pick<ContactBook, 'get' | 'device' | 'devicesOf'>;
  /** The newest list of the own account, and this device, which has no mail for itself. */
  readonly own: { readonly newest: KnownList | undefined; readonly keys: { readonly device: DeviceId } };
  readonly ownAccount: () => AccountNumber | undefined;
}

/** The certified devices of friends, and the other ones of the own account. */
export class MailDevices {
  readonly #options: MailDevicesOptions;

  constructor(options: MailDevicesOptions) {
    this.#options = options;
  }

  device(id: DeviceId): MailDevice | undefined {
    const { book, ownAccount } = this.#options;
    const account = book.device(id)?.account ?? ownAccount();
    return account === undefined ? undefined : this.devicesOf(account).find(({ device }) => device === id);
  }

  /** None of who is no friend, or whose key is in doubt (ID6, ID19). */
  devicesOf(account: AccountNumber): readonly MailDevice[] {
    const { book, own, ownAccount } = this.#options;
    if (account === ownAccount()) {
      const list = own.newest?.list;
      const all = list ? mailDevices(account, list) : [];
      return all.filter(({ device }) => device !== own.keys.device);
    }
    const contact = book.get(account);
    const certified = new Set(book.devicesOf(account).map(({ device }) => device));
    const list = contact && certified.size > 0 ? readDeviceList(contact.deviceList) : undefined;
    return list ? mailDevices(account, list).filter(({ device }) => certified.has(device)) : [];
  }
}

function mailDevices(account: AccountNumber, list: KnownList['list']): readonly MailDevice[] {
  return list.devices.map(({ exchangeKey, signKey }) => ({
    account,
    accountKey: list.accountKey,
    device: deviceIdOf(exchangeKey, signKey),
    exchangeKey,
    signKey,
  }));
}
