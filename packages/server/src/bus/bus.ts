import type { AccountNumber, DeviceId, SessionEpoch } from '@magpie/common/ids.ts';

/** Why sessions end that nobody ended: the code of their close frame. */
export type EndOfSession = 'revoked' | 'password-changed' | 'account-locked' | 'account-deleted';

/** What one server process tells all others, itself included, after a change was committed. */
export type BusEvent =
  | { readonly type: 'roster-changed'; readonly account: AccountNumber; readonly version: number }
  | { readonly type: 'friendship'; readonly a: AccountNumber; readonly b: AccountNumber; readonly friends: boolean }
  | {
      readonly type: 'device-revoked';
      readonly account: AccountNumber;
      readonly device: DeviceId;
      /** Sessions up to this one are over. */
      readonly epoch: SessionEpoch;
      /** What its connection is told. */
      readonly why: EndOfSession;
    }
  /** Display name, signature line or device list: the account's own sessions are to know. */
  | { readonly type: 'own-profile-changed'; readonly account: AccountNumber };

/** Carries events between server processes: at most once, in order per publisher. In-process now, NATS later. */
export interface Bus {
  /** Resolves when the subscribers of this process have handled the event; others may still be on their way. */
  publish(event: BusEvent): Promise<void>;
  subscribe(handle: (event: BusEvent) => void): void;
}

/** One process: asynchronous and in order, as the real one will be. */
export class InProcessBus implements Bus {
  readonly #handlers: ((event: BusEvent) => void)[] = [];

  async publish(event: BusEvent): Promise<void> {
    await Promise.resolve();
    for (const handle of this.#handlers) handle(event);
  }

  subscribe(handle: (event: BusEvent) => void): void {
    this.#handlers.push(handle);
  }
}
