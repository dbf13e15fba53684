import type { AccountNumber, MessageId } from '@magpie/common/ids.ts';
import type { EngineEvent, MessageView } from '@magpie/peer/engine/engine.ts';
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

  constructor(world: World) {
    this.#world = world;
    world.onEngineEvent = (peer, event) => this.#handleEvent(peer, event);
  }

  knows(peer: SimPeer, account: AccountNumber): void {
    this.#accounts.set(peer.name, account);
    this.#devices.set(account, [...this.#devicesOf(account), peer]);
  }

  /** The device is not in the account's list any more. */
  forgets(peer: SimPeer): void {
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
  async send(from: SimPeer, to: SimPeer, text: string): Promise<void> {
    const account = this.accountOf(to);
    const devices = this.#devicesOf(account).filter((device) => believes(from, account, device));
    const intent: Intent = { from, to: account, devices, text, id: undefined };
    this.#intents.push(intent);
    this.#intended.add(`${this.accountOf(from)}>${account}:${text}`);
    const result = await from.engine.send({ to: String(account), text });
    for (const device of devices) this.#lastSentMs.set(`${from.name}>${device.name}`, this.#world.nowMs);
    if (result.ok) intent.id = result.value.id;
    else if (!this.#areApart(this.accountOf(from), account) && !(await wasSignedOut(from, result.error))) {
      this.#note('lost', `${from.name} was told ${result.error.code} when sending to its friend ${to.name}`);
    }
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

  /** Messages that some device of a friend has not committed, as the disk of their sender says. */
  owed(): number {
    let owed = 0;
    for (const [account, senders] of this.#devices) {
      for (const [other, receivers] of this.#devices) {
        if (other === account || this.#areApart(account, other)) continue;
        for (const sender of senders) {
          owed += listOf(sender, other).filter((m) => m.direction === 'out' && m.state === 'queued').length;
          if (receivers.length > 1) owed += sender.disk.devicesBehind().filter(({ chat }) => chat === other).length;
        }
      }
    }
    return owed;
  }

  /** After all faults ended and everything had time to settle. */
  checkEnd(): void {
    for (const intent of this.#intents) if (intent.id !== undefined) this.#checkArrived(intent, intent.id);
    for (const [account, devices] of this.#devices) {
      for (const [other, others] of this.#devices) {
        for (const device of devices) this.#checkSequences(listOf(device, other), `${device.name} with ${other}`);
        const alone = this.#usedOnce(account) && this.#usedOnce(other) && !this.#areApart(account, other);
        if (account < other && alone) this.#checkPair(devices[0]!, account, others[0]!, other);
      }
    }
  }

  report(kind: ViolationKind, detail: string): void {
    this.#note(kind, detail);
  }

  #checkArrived(intent: Intent, id: MessageId): void {
    const from = this.accountOf(intent.from);
    const who = `${id} from ${intent.from.name}`;
    const isApart = this.#areApart(from, intent.to);
    for (const device of intent.devices) {
      if (!this.#devicesOf(intent.to).includes(device)) continue;
      const copies = listOf(device, from).filter((m) => m.text === intent.text);
      if (copies.length > 1) this.#note('doubled', `${who} is at ${device.name} ${copies.length} times`);
      if (copies.length === 0 && !isApart && this.#isListed(intent.from)) {
        this.#note('lost', `${who} is not in the database of ${device.name}`);
      }
    }
    const own = intent.from.disk.messages.outgoing(id);
    if (!own) this.#note('lost', `${who} is gone from its sender's database`);
    else if (own.state !== 'delivered' && own.state !== 'read' && !isApart && this.#isListed(intent.from)) {
      this.#note('lost', `${who} is still shown as ${own.state} (${own.reason}) after everything healed`);
    }
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

  #checkPair(a: SimPeer, accountA: AccountNumber, b: SimPeer, accountB: AccountNumber): void {
    const listA = listOf(a, accountB);
    const listB = listOf(b, accountA);
    const idsA = listA.map((m) => m.id);
    if (idsA.join() !== listB.map((m) => m.id).join()) {
      this.#note('unequal', `${a.name} has ${idsA.length}, ${b.name} ${listB.length} messages, or another order`);
    }
    const position = new Map(idsA.map((id, index) => [id, index]));
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
    if (event.message.direction === 'out') this.#handleOutgoing(peer, event.message, event.isNew);
    else this.#handleIncoming(peer, event.message, event.isNew);
  }

  #handleOutgoing(peer: SimPeer, message: MessageView, isNew: boolean): void {
    const who = `${message.id} of ${peer.name}`;
    if (!peer.disk.messages.outgoing(message.id)) this.#note('false-state', `${who} is shown and not on its disk`);
    this.#checkForward(`out ${peer.name}:${message.id}`, who, message.state);
    const mayBeRefused = this.#areApart(this.accountOf(peer), message.chat);
    if (message.state === 'refused' && !mayBeRefused)
      this.#note('false-state', `${who} is shown as refused (${message.reason})`);
    if (message.state === 'delivered' || message.state === 'read') this.#checkReceived(peer, message);
    const seen = this.#seenByPeer.get(`${peer.name}:${message.chat}`)?.at(-1);
    if (isNew && seen !== undefined) this.#seenBefore.set(message.id, seen);
  }

  #checkForward(key: string, who: string, state: MessageView['state']): void {
    const before = this.#shownState.get(key);
    this.#shownState.set(key, state);
    if (before !== undefined && STATE_RANK[state] < STATE_RANK[before]) {
      this.#note('false-state', `${who} went back from ${before} to ${state}`);
    }
  }

  #checkReceived(peer: SimPeer, message: MessageView): void {
    // A device that has left may have been the one that committed it.
    const rows = this.#world.peers
      .filter((each) => this.#accounts.get(each.name) === message.chat)
      .flatMap((device) => device.disk.messages.incoming(this.accountOf(peer), message.id) ?? []);
    if (rows.length === 0) {
      this.#note('false-state', `${message.id} is shown as ${message.state} and no friend's disk has it`);
    } else if (message.state === 'read' && rows.every((row) => row.state !== 'read')) {
      this.#note('false-state', `${message.id} is shown as read and nobody read it`);
    }
  }

  #handleIncoming(peer: SimPeer, message: MessageView, isNew: boolean): void {
    const who = `${message.id} at ${peer.name}`;
    if (!peer.disk.messages.incoming(message.chat, message.id)) {
      this.#note('false-state', `${who} is shown and not on its disk`);
    }
    this.#checkForward(`in ${peer.name}:${message.id}`, who, message.state);
    if (!isNew) return;
    if (this.#shownIncoming.has(`${peer.name}:${message.id}`)) this.#note('doubled', `${who} is shown as new twice`);
    this.#shownIncoming.add(`${peer.name}:${message.id}`);
    // Its receipt goes out over the road that is shown.
    for (const device of this.#devicesOf(message.chat)) {
      this.#lastSentMs.set(`${peer.name}>${device.name}`, this.#world.nowMs);
    }
    if (!this.#intended.has(`${message.chat}>${this.accountOf(peer)}:${message.text}`)) {
      this.#note('invented', `${who}: nobody sent it`);
    }
    const numbering = `${peer.name}/${message.device}/${message.incarnation}`;
    const last = this.#lastSequence.get(numbering) ?? 0;
    if (message.sequence <= last) this.#note('out-of-order', `${who}: number ${message.sequence} after ${last}`);
    this.#lastSequence.set(numbering, message.sequence);
    const chat = `${peer.name}:${message.chat}`;
    this.#seenByPeer.set(chat, [message.id]);
    if (message.road) this.#roads[message.road.kind]++;
    this.#committedAtMs.set(`${peer.name}:${message.text}`, this.#world.nowMs);
  }

  #note(kind: ViolationKind, detail: string): void {
    if (this.violations.length >= VIOLATIONS_MAX) return;
    this.violations.push({ kind, atMs: Math.round(this.#world.nowMs), detail });
  }
}

type StoredLine = ReturnType<SimPeer['disk']['messages']['messages']>[number];

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

function listOf(peer: SimPeer, chat: AccountNumber): readonly StoredLine[] {
  // Lines of the system are each profile's own.
  return peer.disk.messages.messages({ chat, limit: 1_000_000 }).filter(({ kind }) => kind !== 'system');
}
