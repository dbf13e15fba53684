import { equalBytes } from '@magpie/common/channel/keys.ts';
import type { Oracle } from './oracle.ts';
import type { Person } from './person.ts';
import type { SimPeer } from './sim-peer.ts';
import type { World } from './world.ts';

const LOOK_MS = 100;
/** R21: what ends, ends within a second of being known. */
const ENDS_WITHIN_MS = 1_000;
/** On the server a closed connection is a segment on its way, and the look comes every so often. */
const SERVER_ENDS_WITHIN_MS = ENDS_WITHIN_MS + 2 * LOOK_MS;

/** A signed list begins with the account key, then its version as u64. */
const KEY_BYTES = 32;

type Contact = ReturnType<SimPeer['disk']['contacts']>[number];

/**
 * Holds what goes over the wire against what each disk says at that moment: who may still talk to whom, on which road,
 * and whose lists of devices are believed.
 */
export class AccountWatch {
  readonly #world: World;
  readonly #oracle: Oracle;
  readonly #people: readonly Person[];
  /** Since when no datagram may go this way, and why. */
  readonly #silent = new Map<string, { readonly sinceMs: number; readonly why: string }>();
  readonly #heldSince = new Map<string, number>();
  readonly #listVersions = new Map<string, number>();
  readonly #told = new Set<string>();
  /** Never direct from before their first friendship on: nobody ever learns an address of theirs. */
  readonly #hidden = new Set<Person>();
  #judgedSilent = 0;
  #stopped = false;

  constructor(world: World, oracle: Oracle, people: readonly Person[]) {
    this.#world = world;
    this.#oracle = oracle;
    this.#people = people;
    world.network.taps.push({ onDatagram: (from, to) => this.#handleDatagram(from, to) });
    const look = (): void => {
      if (this.#stopped) return;
      this.look();
      world.at(LOOK_MS, look);
    };
    world.at(0, look);
  }

  /** From now on no datagram may come from this person's machines or go to them. */
  hide(person: Person): void {
    this.#hidden.add(person);
  }

  /** Ways between two machines on which no datagram was allowed, over all looks. */
  get judgedSilent(): number {
    return this.#judgedSilent;
  }

  stop(): void {
    this.#stopped = true;
  }

  look(): void {
    for (const person of this.#people) {
      for (const peer of person.machines) {
        this.#lookAtServer(person, peer);
        for (const other of this.#people) if (other !== person) this.#lookAtFriend(peer, other);
      }
    }
  }

  #lookAtServer(person: Person, peer: SimPeer): void {
    const { server, network } = this.#world;
    const stored = server.disk
      .devicesOf(this.#oracle.accountOf(person.machines[0]!))
      .find(({ device }) => device === peer.device);
    const mayStay = stored?.active === true || person.signingIn.has(peer);
    const stays = server.running && server.host.tcpEnds.some((end) => end.stream.open && end.remoteHost === peer.name);
    // Over a link that is stuck the reason of the end waits for a while, and nothing is taken from there any more.
    const isStuck = network.link(peer.name, 'server').tcpStalled;
    const heldMs = this.#heldMs(`${peer.name} at the server`, stays && !mayStay && !isStuck);
    if (heldMs > SERVER_ENDS_WITHIN_MS) this.#report(`${peer.name} keeps its connection although its device was ended`);
  }

  #lookAtFriend(peer: SimPeer, other: Person): void {
    const contact = peer.disk.contacts().find(({ name }) => name === other.name);
    for (const machine of other.machines) {
      this.#lookAtWay(peer, machine, contact);
      if (this.#silent.has(wayOf(peer, machine)) && peer.running && machine.running) this.#judgedSilent++;
    }
    if (contact) this.#checkList(peer, contact);
  }

  #lookAtWay(peer: SimPeer, machine: SimPeer, contact: Contact | undefined): void {
    const way = wayOf(peer, machine);
    const why = this.#whySilent(peer, machine, contact);
    if (why === undefined) this.#silent.delete(way);
    else if (this.#silent.get(way)?.why !== why) this.#silent.set(way, { sinceMs: this.#world.nowMs, why });
  }

  /** R6: a list of devices that somebody believes never goes back, as long as the account key stays. */
  #checkList(peer: SimPeer, contact: Contact): void {
    if (contact.deviceList.length === 0) return;
    const who = `${peer.name} about ${contact.name}`;
    if (!equalBytes(contact.deviceList.subarray(0, KEY_BYTES), contact.accountKey)) {
      this.#report(`${who}: believes a list of another account key`);
    }
    const key = `${who} ${Buffer.from(contact.accountKey).toString('hex')}`;
    const version = Number(Buffer.from(contact.deviceList).readBigUInt64BE(KEY_BYTES));
    if (version < (this.#listVersions.get(key) ?? 0)) this.#report(`${who}: went back to list ${version}`);
    this.#listVersions.set(key, version);
    if (contact.local.listBroken) this.#report(`${who}: takes an honest list for a broken one`);
  }

  #handleDatagram(from: string, to: string): void {
    const ended = this.#stillSilent(from, to);
    if (ended && this.#world.nowMs - ended.sinceMs > ENDS_WITHIN_MS) {
      this.#report(`a datagram went from ${from} to ${to} although ${ended.why}`);
    }
    for (const person of this.#hidden) {
      const isTheirs = (host: string): boolean => person.machines.some((machine) => machine.name === host);
      if (isTheirs(from)) this.#report(`${from} sent ${to} a datagram although it is never direct`);
      if (isTheirs(to)) this.#report(`${from} knows an address of ${to}, which is never direct`);
    }
  }

  /** What was looked at a moment ago may be over by now. */
  #stillSilent(from: string, to: string) {
    if (!this.#silent.has(`${from}>${to}`)) return undefined;
    const peer = this.#world.peers.find(({ name }) => name === from);
    const machine = this.#world.peers.find(({ name }) => name === to);
    if (!peer || !machine) return undefined;
    const contact = peer.disk.contacts().find(({ name }) => name === machine.accountName);
    this.#lookAtWay(peer, machine, contact);
    return this.#silent.get(`${from}>${to}`);
  }

  #report(what: string): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#oracle.report('attack', what);
  }

  #heldMs(what: string, holds: boolean): number {
    if (!holds) this.#heldSince.delete(what);
    else if (!this.#heldSince.has(what)) this.#heldSince.set(what, this.#world.nowMs);
    return this.#world.nowMs - (this.#heldSince.get(what) ?? this.#world.nowMs);
  }

  /** Why this peer, by what is on its own disk, may send no datagram to that machine. */
  #whySilent(peer: SimPeer, machine: SimPeer, contact: Contact | undefined): string | undefined {
    if (!peer.disk.profile()?.signedIn) return 'it is signed out';
    if (contact?.state !== 'member') return `${machine.accountName} is no friend`;
    if (!Buffer.from(contact.deviceList).includes(Buffer.from(machine.exchangeKey)))
      return 'that device is not in the list';
    if (peer.disk.calls.settings().neverDirect) return 'it is never direct';
    if (contact.local.neverDirect) return `it is never direct toward ${machine.accountName}`;
    return undefined;
  }
}

function wayOf(from: SimPeer, to: SimPeer): string {
  return `${from.name}>${to.name}`;
}
