import type { AccountNumber, MailId, MessageId } from '@magpie/common/ids.ts';
import type { CommandError } from '@magpie/peer/engine/command-error.ts';
import type { EngineEvent, MessageView } from '@magpie/peer/engine/engine.ts';
import { compareConversations, linesOf, type StoredLine, textsAt, wrongCount, wrongStates } from './conversations.ts';
import { owedBy, untoldBy } from './settled.ts';
import type { SimPeer } from './sim-peer.ts';
import type { World } from './world.ts';

export const VIOLATION_KINDS = [
  'lost',
  'doubled',
  'out-of-order',
  'false-state',
  'false-presence',
  'false-road',
  'invented',
  'unequal',
  'late',
  'attack',
] as const;
export type ViolationKind = (typeof VIOLATION_KINDS)[number];

export interface Violation {
  readonly kind: ViolationKind;
  readonly atMs: number;
  readonly detail: string;
}

interface Intent {
  readonly from: SimPeer;
  readonly to: AccountNumber;
  /** The devices that its sender knew then: each of them must get it, unless it leaves the account (R19). */
  readonly devices: readonly SimPeer[];
  /** Unique in the run. */
  readonly text: string;
  /** Known once send() resolved: from then on the message must arrive. */
  id: MessageId | undefined;
}

const STATE_RANK = { queued: 0, refused: 1, stored: 1, delivered: 2, read: 3 } as const;
/** Why a message may be only here again that was in a mailbox (R15, R16). */
const BACK_REASONS: ReadonlySet<string> = new Set(['expired', 'mailbox-full', 'clock']);

export interface OracleOptions {
  /** Every device was there before the first message: all of them must show the same conversations in the end. */
  readonly complete?: boolean;
  /** Mailbox keys may be gone that something was sealed for, so that it has to be sealed again. */
  readonly losesKeys?: boolean;
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: CommandError };
/** More than this tell nothing new about one run. */
const VIOLATIONS_MAX = 100;

/**
 * Watches from outside: what each peer shows, when, held against what the disks of both sides hold at that very
 * moment. It knows nothing of packets or sessions.
 */
export class Oracle {
  readonly violations: Violation[] = [];
  readonly #world: World;
  readonly #accounts = new Map<string, AccountNumber>();
  readonly #devices = new Map<AccountNumber, readonly SimPeer[]>();
  /** Accounts, two by two, that were not friends all the time: what was sent then may be refused or wait for ever. */
  readonly #apart = new Set<string>();
  readonly #intents: Intent[] = [];
  readonly #intended = new Set<string>();
  readonly #lastSentMs = new Map<string, number>();
  readonly #shownState = new Map<string, MessageView['state']>();
  readonly #shownIncoming = new Set<string>();
  readonly #lastSequence = new Map<string, number>();
  readonly #seenByPeer = new Map<string, MessageId[]>();
  /** For each message sent: what its sender had been shown before. */
  readonly #seenBefore = new Map<MessageId, MessageId>();
  readonly #committedAtMs = new Map<string, number>();
  readonly #roads = { direct: 0, relay: 0, mailbox: 0 };
  readonly #recalled = new Set<MessageId>();
  /** What is shown as stored now. */
  readonly #stored = new Map<string, { readonly peer: SimPeer; readonly message: MessageView }>();
  readonly #options: OracleOptions;
  #changes = 0;
  #hasLostDevices = false;

  constructor(world: World, options: OracleOptions = {}) {
    this.#world = world;
    this.#options = options;
    world.onEngineEvent = (peer, event) => this.#handleEvent(peer, event);
  }

  knows(peer: SimPeer, account: AccountNumber): void {
    this.#accounts.set(peer.name, account);
    this.#devices.set(account, [...this.#devicesOf(account), peer]);
  }

  /** The device is not in the account's list any more. */
  forgets(peer: SimPeer): void {
    this.#hasLostDevices = true;
    const account = this.accountOf(peer);
    this.#devices.set(
      account,
      this.#devicesOf(account).filter((device) => device !== peer),
    );
  }

  /** The friendship of these two accounts ends, perhaps for a while. */
  parts(a: SimPeer, b: SimPeer): void {
    this.#apart.add(pairKey(this.accountOf(a), this.accountOf(b)));
  }

  accountOf(peer: SimPeer): AccountNumber {
    const account = this.#accounts.get(peer.name);
    if (account === undefined) throw new Error(`${peer.name} has no account yet`);
    return account;
  }

  /** Sends a text that exists once in the run, and notes that it must arrive if the command succeeds. */
  async send(from: SimPeer, to: SimPeer, text: string, replyTo?: MessageId): Promise<void> {
    const account = this.accountOf(to);
    const devices = this.#devicesOf(account).filter((device) => believes(from, account, device));
    const intent: Intent = { from, to: account, devices, text, id: undefined };
    this.#intents.push(intent);
    this.#intended.add(`${this.accountOf(from)}>${account}:${text}`);
    const result = await from.engine.send({ to: String(account), text, replyTo });
    for (const device of devices) this.#lastSentMs.set(`${from.name}>${device.name}`, this.#world.nowMs);
    if (result.ok) intent.id = result.value.id;
    else if (
      !this.#areApart(this.accountOf(from), account) &&
      !wasEnding(from, result.error) &&
      !(await wasSignedOut(from, result.error))
    ) {
      this.#note('lost', `${from.name} was told ${result.error.code} when sending to its friend ${to.name}`);
    }
  }

  /** Shakes the friend's window; too often is no violation. */
  async nudge(from: SimPeer, to: SimPeer): Promise<void> {
    const account = this.accountOf(to);
    const devices = this.#devicesOf(account).filter((device) => believes(from, account, device));
    const intent: Intent = { from, to: account, devices, text: '', id: undefined };
    const result = await from.engine.nudge(String(account));
    for (const device of devices) this.#lastSentMs.set(`${from.name}>${device.name}`, this.#world.nowMs);
    if (!result.ok) return;
    intent.id = result.value.id;
    this.#intents.push(intent);
  }

  /** Changes an own message; both sides must show the same of it in the end. */
  edit(from: SimPeer, { chat, id }: StoredLine, text: string): Promise<void> {
    this.#intended.add(`${this.accountOf(from)}>${chat}:${text}`);
    return this.#change(() => from.engine.editMessage(id, text));
  }

  recall(from: SimPeer, { id }: StoredLine): Promise<void> {
    this.#recalled.add(id);
    return this.#change(() => from.engine.recallMessage(id));
  }

  react(from: SimPeer, { id }: StoredLine, emoji: string, on: boolean): Promise<void> {
    return this.#change(() => from.engine.react(id, emoji, on));
  }

  /** Edits, recalls and reactions that were taken. */
  get changes(): number {
    return this.#changes;
  }

  /** Its disk is an older one from now on: what it had been shown since is not there any more. */
  restored(peer: SimPeer): void {
    for (const table of [this.#shownState, this.#lastSequence, this.#seenByPeer]) {
      for (const key of [...table.keys()]) if (key.includes(`${peer.name}`)) table.delete(key);
    }
    for (const key of [...this.#shownIncoming]) if (key.startsWith(`${peer.name}:`)) this.#shownIncoming.delete(key);
  }

  /** When the one last sent the other something: only what goes out over a road can tell it that the road is dead. */
  lastSentMs(from: SimPeer, to: SimPeer): number {
    return this.#lastSentMs.get(`${from.name}>${to.name}`) ?? 0;
  }

  get sent(): number {
    return this.#intents.filter((intent) => intent.id !== undefined).length;
  }

  /** Messages shown as arrived, by the road the receiver names. */
  get roads(): Readonly<Record<'direct' | 'relay' | 'mailbox', number>> {
    return this.#roads;
  }

  /** When the receiver first showed this text, which it does after its commit. */
  committedAtMs(to: SimPeer, text: string): number | undefined {
    return this.#committedAtMs.get(`${to.name}:${text}`);
  }

  /**
   * Devices of friends that have not committed all that was sent to them, and own devices without their copies, as the
   * disk of the sender says: what is only stored has not arrived.
   */
  owed(): number {
    return owedBy(this.#devices, (a, b) => this.#areApart(a, b)).length;
  }

  /** The same in words, and what was received or read and not told to its sender. */
  unsettled(): readonly string[] {
    const areApart = (a: AccountNumber, b: AccountNumber): boolean => this.#areApart(a, b);
    return [...owedBy(this.#devices, areApart), ...untoldBy(this.#devices, areApart)];
  }

  /** After all faults ended and everything had time to settle. */
  checkEnd(): void {
    const texts = new Map<SimPeer, ReadonlyMap<string, number>>();
    for (const devices of this.#devices.values()) for (const device of devices) texts.set(device, textsAt(device));
    for (const intent of this.#intents) if (intent.id !== undefined) this.#checkArrived(intent, intent.id, texts);
    for (const [account, devices] of this.#devices) {
      for (const [other, others] of this.#devices) {
        for (const device of devices) this.#checkSequences(linesOf(device, other), `${device.name} with ${other}`);
        for (const device of devices) {
          const miscounted = wrongCount(device, other);
          if (miscounted) this.#note('unequal', miscounted);
        }
        const alone = this.#usedOnce(account) && this.#usedOnce(other);
        if (account >= other || this.#areApart(account, other)) continue;
        if (alone) this.#checkOrder(linesOf(devices[0]!, other));
        if (alone || this.#options.complete) this.#checkPair(account, devices, other, others);
      }
    }
  }

  report(kind: ViolationKind, detail: string): void {
    this.#note(kind, detail);
  }

  async #change(command: () => Promise<Outcome<unknown>>): Promise<void> {
    const result = await command();
    if (result.ok) this.#changes++;
  }

  #checkArrived(intent: Intent, id: MessageId, texts: ReadonlyMap<SimPeer, ReadonlyMap<string, number>>): void {
    const from = this.accountOf(intent.from);
    const who = `${id} from ${intent.from.name}`;
    const isApart = this.#areApart(from, intent.to);
    const own = intent.from.disk.messages.outgoing(id);
    const isCancelled = own?.state === 'refused' && own.reason === 'cancelled';
    for (const device of intent.devices) {
      if (!this.#devicesOf(intent.to).includes(device)) continue;
      const copies = texts.get(device)?.get(`${from}:${intent.text}`) ?? 0;
      if (copies > 1 && intent.text !== '') this.#note('doubled', `${who} is at ${device.name} ${copies} times`);
      const isThere = device.disk.messages.incoming(from, id) !== undefined;
      if (isThere || isApart || isCancelled || !this.#isListed(intent.from)) continue;
      this.#note('lost', `${who} is not in the database of ${device.name}`);
    }
    if (!own) this.#note('lost', `${who} is gone from its sender's database`);
    else if (own.state !== 'delivered' && own.state !== 'read' && !isApart && this.#isListed(intent.from)) {
      if (!isCancelled)
        this.#note('lost', `${who} is still shown as ${own.state} (${own.reason}) after everything healed`);
    }
  }

  /** Both sides, on all of their machines, show the same, and of what they sent themselves what is so. */
  #checkPair(a: AccountNumber, devicesA: readonly SimPeer[], b: AccountNumber, devicesB: readonly SimPeer[]): void {
    const differences = devicesA.flatMap((one) =>
      devicesB.map((two) => compareConversations({ peer: one, account: a }, { peer: two, account: b })),
    );
    const wrong = [
      ...devicesA.flatMap((peer) => wrongStates({ peer, account: a }, b, devicesB)),
      ...devicesB.flatMap((peer) => wrongStates({ peer, account: b }, a, devicesA)),
    ];
    for (const detail of [...differences, ...wrong]) if (detail) this.#note('unequal', detail);
  }

  #devicesOf(account: AccountNumber): readonly SimPeer[] {
    return this.#devices.get(account) ?? [];
  }

  /** Only ever used on one machine, which then has all of its conversations. */
  #usedOnce(account: AccountNumber): boolean {
    return [...this.#accounts.values()].filter((each) => each === account).length === 1;
  }

  #isListed(peer: SimPeer): boolean {
    return this.#devicesOf(this.accountOf(peer)).includes(peer);
  }

  #areApart(a: AccountNumber, b: AccountNumber): boolean {
    return this.#apart.has(pairKey(a, b));
  }

  #checkOrder(list: readonly StoredLine[]): void {
    const position = new Map(list.map(({ id }, index) => [id, index]));
    for (const [id, seen] of this.#seenBefore) {
      const at = position.get(id);
      const seenAt = position.get(seen);
      if (at !== undefined && seenAt !== undefined && at < seenAt) {
        this.#note('out-of-order', `${id} stands before ${seen}, which its sender had seen`);
      }
    }
  }

  #checkSequences(list: readonly StoredLine[], where: string): void {
    const last = new Map<string, number>();
    for (const message of list) {
      const numbering = `${message.device}/${message.incarnation}`;
      if (message.sequence <= (last.get(numbering) ?? 0)) {
        this.#note('out-of-order', `number ${message.sequence} of ${numbering} in the list of ${where}`);
      }
      last.set(numbering, message.sequence);
    }
  }

  #handleEvent(peer: SimPeer, event: EngineEvent): void {
    if (event.type !== 'message' || !this.#accounts.has(peer.name)) return;
    // Edits, recalls and reactions are shown on their target; lines of the system are the peer's own.
    if (event.message.kind !== 'text' && event.message.kind !== 'nudge') return;
    if (event.message.direction === 'out') this.#handleOutgoing(peer, event.message, event.isNew);
    else this.#handleIncoming(peer, event.message, event.isNew);
  }

  #handleOutgoing(peer: SimPeer, message: MessageView, isNew: boolean): void {
    const { id, state, reason } = message;
    const isCopy = message.device !== peer.device;
    const who = `${id} of ${peer.name}${isCopy ? ', a copy' : ''}`;
    if (!peer.disk.messages.outgoing(id)) this.#note('false-state', `${who} is shown and not on its disk`);
    this.#checkForward(`out ${peer.name}:${id}`, who, message);
    if (state === 'stored') this.#stored.set(`${peer.name}:${id}`, { peer, message });
    else this.#stored.delete(`${peer.name}:${id}`);
    if (state === 'refused') this.#checkRefused(peer, message, who);
    if (state === 'stored') this.#checkStored(peer, message, who);
    if (state === 'delivered' || state === 'read') this.#checkReceived(peer, message);
    const seen = this.#seenByPeer.get(`${peer.name}:${message.chat}`)?.at(-1);
    if (isNew && !isCopy && seen !== undefined) this.#seenBefore.set(id, seen);
    if (isNew && isCopy && reason !== '') this.#note('false-state', `${who} begins as ${state} (${reason})`);
  }

  #checkForward(key: string, who: string, { state, reason }: MessageView): void {
    const before = this.#shownState.get(key);
    this.#shownState.set(key, state);
    if (before === undefined || STATE_RANK[state] >= STATE_RANK[before]) return;
    const mayGoBack = BACK_REASONS.has(reason) || this.#options.losesKeys === true || this.#hasLostDevices;
    if (before === 'stored' && state === 'queued' && mayGoBack) return;
    this.#note('false-state', `${who} went back from ${before} to ${state} (${reason})`);
  }

  /** Refused for good: only between those who were no friends for a while, or by its own sender. */
  #checkRefused(peer: SimPeer, { id, chat, reason }: MessageView, who: string): void {
    if (this.#areApart(this.accountOf(peer), chat)) return;
    if (reason !== 'cancelled' || !this.#recalled.has(id)) {
      this.#note('false-state', `${who} is shown as refused (${reason})`);
    } else if (this.#rowsOf(peer, chat, id).some(({ kind }) => kind !== 'void')) {
      // A void under its number is what may be there instead (DL33).
      this.#note('false-state', `${who} is shown as cancelled and a friend's disk has it`);
    }
  }

  /** What is still shown as stored is so: a mailbox forgets nothing before it is told to. Cheap enough for every look. */
  checkStored(): void {
    for (const [key, { peer, message }] of this.#stored) {
      if (this.violations.length > 0) return;
      if (peer.disk.messages.outgoing(message.id)?.state !== 'stored') this.#stored.delete(key);
      else this.#checkStored(peer, message, `${message.id} of ${peer.name}`);
    }
  }

  /** The server's disk has it for a device of the friend, or the disk of such a device does. */
  #checkStored(peer: SimPeer, { id, chat, device, incarnation, sequence }: MessageView, who: string): void {
    // A message's mail has its id.
    const mailId = id as string as MailId;
    const isThere = this.#friendsOf(chat).some(
      (friend) =>
        this.#world.server.disk.hasMail(friend.device, device, mailId) ||
        friend.disk.messages.incoming(this.accountOf(peer), id) !== undefined ||
        friend.disk.messages.isHeld(this.accountOf(peer), device, incarnation, sequence),
    );
    if (!isThere) this.#note('false-state', `${who} is shown as stored and is in no mailbox`);
  }

  #checkReceived(peer: SimPeer, message: MessageView): void {
    const rows = this.#rowsOf(peer, message.chat, message.id);
    if (rows.length === 0) {
      this.#note('false-state', `${message.id} is shown as ${message.state} and no friend's disk has it`);
    } else if (message.state === 'read' && rows.every((row) => row.state !== 'read')) {
      this.#note('false-state', `${message.id} is shown as read and nobody read it`);
    }
  }

  /** A device that has left may have been the one that committed it. */
  #friendsOf(chat: AccountNumber): readonly SimPeer[] {
    return this.#world.peers.filter((each) => this.#accounts.get(each.name) === chat);
  }

  #rowsOf(peer: SimPeer, chat: AccountNumber, id: MessageId): readonly StoredLine[] {
    const account = this.accountOf(peer);
    return this.#friendsOf(chat).flatMap((device) => device.disk.messages.incoming(account, id) ?? []);
  }

  #handleIncoming(peer: SimPeer, message: MessageView, isNew: boolean): void {
    const who = `${message.id} at ${peer.name}`;
    if (!peer.disk.messages.incoming(message.chat, message.id)) {
      this.#note('false-state', `${who} is shown and not on its disk`);
    }
    this.#checkForward(`in ${peer.name}:${message.id}`, who, message);
    if (!isNew) return;
    if (this.#shownIncoming.has(`${peer.name}:${message.id}`)) this.#note('doubled', `${who} is shown as new twice`);
    this.#shownIncoming.add(`${peer.name}:${message.id}`);
    // Its receipt goes out over the road that is shown.
    for (const device of this.#devicesOf(message.chat)) {
      this.#lastSentMs.set(`${peer.name}>${device.name}`, this.#world.nowMs);
    }
    this.#checkNotHeld(peer, message, who);
    const isIntended = this.#intended.has(`${message.chat}>${this.accountOf(peer)}:${message.text}`);
    if (message.kind === 'text' && !message.recalled && !isIntended) this.#note('invented', `${who}: nobody sent it`);
    const numbering = `${peer.name}/${message.device}/${message.incarnation}`;
    const last = this.#lastSequence.get(numbering) ?? 0;
    if (message.sequence <= last) this.#note('out-of-order', `${who}: number ${message.sequence} after ${last}`);
    this.#lastSequence.set(numbering, message.sequence);
    const chat = `${peer.name}:${message.chat}`;
    this.#seenByPeer.set(chat, [message.id]);
    if (message.road) this.#roads[message.road.kind]++;
    this.#committedAtMs.set(`${peer.name}:${message.text}`, this.#world.nowMs);
  }

  /** What waits for an earlier number is not shown (R17). */
  #checkNotHeld(peer: SimPeer, { chat, device, incarnation, sequence }: MessageView, who: string): void {
    const upTo = peer.disk.messages.committedUpTo(chat, device, incarnation);
    if (sequence > upTo) this.#note('out-of-order', `${who}: number ${sequence} is shown, ${upTo} is reached`);
  }

  #note(kind: ViolationKind, detail: string): void {
    if (this.violations.length >= VIOLATIONS_MAX) return;
    this.violations.push({ kind, atMs: Math.round(this.#world.nowMs), detail });
  }
}

/** Its program was being ended in good order: the person is told that nothing was taken, which is true. */
function wasEnding(peer: SimPeer, { code }: { readonly code: string }): boolean {
  return code === 'STORE_FAILED' && !peer.ready;
}

/** A new password, or the end of the device, came a moment before its user sent. */
async function wasSignedOut(peer: SimPeer, { code }: { readonly code: string }): Promise<boolean> {
  return code === 'NOT_SIGNED_IN' && (await peer.engine.status()).server.state === 'signed-out';
}

/** Whether the device is in the list of the account that this peer has. */
function believes(peer: SimPeer, account: AccountNumber, device: SimPeer): boolean {
  const contact = peer.disk.contacts().find((each) => each.account === account);
  return contact !== undefined && Buffer.from(contact.deviceList).includes(Buffer.from(device.exchangeKey));
}

function pairKey(a: AccountNumber, b: AccountNumber): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
