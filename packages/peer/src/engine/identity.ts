/** The secrets of one installation, kept apart from the database in `identity.key` (0600). Seeds of 32 bytes. */
export interface Identity {
  /** X25519 secret of this device: its login and the Noise static key toward friends. */
  readonly exchangeSecret: Uint8Array;
  /** Ed25519 seed of this device. */
  readonly signSeed: Uint8Array;
  /** Ed25519 seed of the account key, which signs the device list (R6). */
  readonly accountSeed: Uint8Array;
}

/** Where the account key of another device is kept once it has come to this one (R7). */
export interface IdentityKeeper {
  /**
   * Durable when it resolves; the device's own keys stay, and what was there before is kept beside it
   * (`identity.key.old`). Rejects when the file cannot be written.
   */
  replaceAccountSeed(seed: Uint8Array): Promise<void>;
}
