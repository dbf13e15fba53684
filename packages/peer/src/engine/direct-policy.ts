import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { PeerStore, Settings } from '../store/store.ts';
import type { ContactBook } from './contact-book.ts';
import type { UdpGate } from './udp-gate.ts';

export interface DirectPolicyOptions {
  readonly book: ContactBook;
  readonly gate: UdpGate;
  readonly store: PeerStore;
  readonly onChanged: () => void;
}

/** Never direct (D8): toward whom no address of ours may leave, by the user's choice for all or for one friend. */
export class DirectPolicy {
  readonly #options: DirectPolicyOptions;
  #never = false;

  constructor(options: DirectPolicyOptions) {
    this.#options = options;
  }

  /** Toward anybody. */
  get never(): boolean {
    return this.#never;
  }

  load({ neverDirect }: Settings): void {
    this.#never = neverDirect;
    this.#options.onChanged();
  }

  async setNever(never: boolean): Promise<void> {
    await this.#options.store.saveSettings({ neverDirect: never });
    this.#never = never;
    this.#options.onChanged();
  }

  forbids(account: AccountNumber): boolean {
    return this.#never || this.#options.book.get(account)?.local.neverDirect === true;
  }

  /** False also where this machine has no UDP, and for who is no friend. */
  allows(device: DeviceId): boolean {
    const account = this.#options.book.device(device)?.account;
    return account !== undefined && this.#options.gate.isOpen && !this.forbids(account);
  }
}
