/**
 * Where the links of this device's mailbox key chain are kept (R9): a file of its own beside `identity.key`, replaced as a
 * whole by rename, so that a link that was deleted is in no file any more.
 */
export interface MailboxKeyKeeper {
  /** Undefined: none was ever kept. Rejects when it is there and cannot be read: a chain is never begun anew over it. */
  load(): Promise<MailboxLinks | undefined>;
  /** Durable when it resolves. */
  save(links: MailboxLinks): Promise<void>;
}

export interface MailboxLinks {
  /** Chains, oldest first; all but the last only wait for what is still sealed for them. */
  readonly chains: readonly MailboxChain[];
}

export interface MailboxChain {
  /** Rises with every chain of the device that begins at random. */
  readonly generation: number;
  /** The oldest link that is kept; each later one follows from it. */
  readonly oldestStep: number;
  /** 32 bytes. */
  readonly oldestSecret: Uint8Array;
  /** The step whose key is published. */
  readonly publishedStep: number;
  /** Server time when it was published: each step is a week. */
  readonly publishedAtMs: number;
}
