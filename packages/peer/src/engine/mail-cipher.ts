import { type EnvelopeSelf, openEnvelope, readEnvelopeHeader, sealEnvelope } from '@magpie/common/channel/envelope.ts';
import type { Encapsulate } from '@magpie/common/channel/envelope-kem.ts';
import type { KeyPair } from '@magpie/common/channel/keys.ts';
import type { Content } from '@magpie/common/content/content.ts';
import type { MailEntry } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId, MailId } from '@magpie/common/ids.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Correspondent, MailCipher, OpenedMail, SealedMail } from './delivery-ports.ts';
import type { MailDevice, MailDevices } from './mail-devices.ts';
import type { MailKeys } from './mail-keys.ts';
import type { MailboxKeys } from './mailbox-keys.ts';

export interface DeviceMailCipherOptions {
  readonly random: RandomSource;
  readonly encapsulate: Encapsulate;
  /** This device, and the account key that certifies it now. */
  readonly own: {
    readonly keys: { readonly device: DeviceId; readonly exchange: KeyPair };
    readonly accountKey: Uint8Array;
  };
  readonly ownAccount: () => AccountNumber | undefined;
  readonly devices: Pick<MailDevices, 'device'>;
  readonly theirKeys: Pick<MailKeys, 'keyOf' | 'handleStale'>;
  readonly ownKeys: Pick<MailboxKeys, 'pairOf'>;
}

/** Seals mail of this device and opens mail for it (R8). */
export class DeviceMailCipher implements MailCipher {
  readonly #options: DeviceMailCipherOptions;

  constructor(options: DeviceMailCipherOptions) {
    this.#options = options;
  }

  async seal(
    to: Correspondent,
    id: MailId,
    contents: readonly Content[],
  ): Promise<Result<SealedMail, 'no-mail-key' | 'not-certified' | 'link-down' | 'busy'>> {
    const { theirKeys, random, encapsulate } = this.#options;
    const before = this.#certified(to);
    if (!before) return err('not-certified');
    const key = await theirKeys.keyOf(before);
    if (!key.ok) return key;
    // It may have been taken off the list while the server was asked.
    const recipient = this.#certified(to);
    if (!recipient) return err('not-certified');
    const envelope = sealEnvelope(this.#self(), recipient, key.value, id, contents, { random, encapsulate });
    if (!envelope) return err('no-mail-key');
    const { generation, step } = key.value;
    return ok({ generation, step, envelope });
  }

  handleStaleKey(account: AccountNumber): void {
    this.#options.theirKeys.handleStale(account);
  }

  open(mail: MailEntry): ReturnType<MailCipher['open']> {
    const { ownKeys, ownAccount } = this.#options;
    const header = readEnvelopeHeader(mail.envelope);
    const from = { account: mail.fromAccount, device: mail.from };
    const sender = this.#certified(from);
    if (!sender) return err({ kind: 'unknown-sender', id: header?.id });
    const pair = header && ownKeys.pairOf(header);
    const contents = pair && openEnvelope(mail.envelope, this.#self(), sender, pair);
    if (!contents) return err({ kind: 'cannot-open', id: header?.id });
    const opened: OpenedMail = { from, own: from.account === ownAccount(), id: header.id, contents };
    return ok(opened);
  }

  #certified({ account, device }: Correspondent): MailDevice | undefined {
    const known = this.#options.devices.device(device);
    return known?.account === account ? known : undefined;
  }

  #self(): EnvelopeSelf {
    const { keys, accountKey } = this.#options.own;
    const { publicKey: exchangeKey, secretKey: exchangeSecret } = keys.exchange;
    return { accountKey, device: keys.device, exchangeKey, exchangeSecret };
  }
}
