import type { Oracle, ViolationKind } from './oracle.ts';
import { contactOf } from './setup.ts';
import type { SimPeer } from './sim-peer.ts';
import type { World } from './world.ts';

/** How often everybody's contact list is looked at. */
const LOOK_MS = 250;
/** Offline is told within 45 s (R22); the rest is reading the link and looking. */
const GONE_SHOWN_MS_MAX = 47_000;
/** A friend whose link and whose friend's link are up is shown as present within this. */
const PRESENT_UNSHOWN_MS_MAX = 5_000;
/** A connected peer knows the presence of its friends within this. */
const UNKNOWN_MS_MAX = 3_000;
/** A dead road on which something was sent is shown as direct for at most this long. */
const DEAD_ROAD_MS_MAX = 6_000;
/** The same without anything sent: the next keepalive shows it (15 s and 2 s of jitter), and the doubt about that. */
const IDLE_DEAD_ROAD_MS_MAX = 20_000;

/** Looks at what each peer shows of its friends as a user would, and holds it against the world. */
export class DisplayWatch {
  readonly #world: World;
  readonly #oracle: Oracle;
  readonly #sinceMs = new Map<string, number>();
  readonly #told = new Set<string>();
  #judgedGone = 0;
  #judgedBlocked = 0;
  #stopped = false;

  constructor(world: World, oracle: Oracle, peers: readonly SimPeer[]) {
    this.#world = world;
    this.#oracle = oracle;
    const look = (): void => {
      if (this.#stopped) return;
      for (const viewer of peers) for (const friend of peers) if (viewer !== friend) void this.#look(viewer, friend);
      world.at(LOOK_MS, look);
    };
    world.at(0, look);
  }

  /** Looks in which somebody had been gone for long enough to be judged, and was not shown as online. */
  get judgedGone(): number {
    return this.#judgedGone;
  }

  /** Looks in which UDP had been blocked for long enough to be judged, and the road was not shown as direct. */
  get judgedBlocked(): number {
    return this.#judgedBlocked;
  }

  stop(): void {
    this.#stopped = true;
  }

  async #look(viewer: SimPeer, friend: SimPeer): Promise<void> {
    const pair = `${viewer.name} ${friend.name}`;
    const engine = viewer.ready ? viewer.engine : undefined;
    const contact = engine && (await contactOf(viewer, friend));
    const connected = (await isConnected(viewer)) && this.#reachesServer(viewer);
    const isPresent = (await isConnected(friend)) && this.#reachesServer(friend);
    const isGone = connected && !(friend.running && this.#reachesServer(friend));
    const isBlocked = engine !== undefined && this.#world.network.link(viewer.name, friend.name).udpBlocked;
    if (engine !== undefined && (!viewer.ready || viewer.engine !== engine)) return;
    const blockedMs = this.#heldMs(`${pair} blocked`, isBlocked);
    const wasTried = this.#oracle.lastSentMs(viewer, friend) > this.#world.nowMs - blockedMs;
    const presence = contact?.presence;
    const shownDirect = contact?.path?.kind === 'direct';
    const rules: readonly (readonly [ViolationKind, string, boolean, number])[] = [
      ['false-presence', 'is shown online and is gone', isGone && presence === 'online', GONE_SHOWN_MS_MAX],
      [
        'false-presence',
        'is shown offline and is there',
        connected && isPresent && presence === 'offline',
        PRESENT_UNSHOWN_MS_MAX,
      ],
      ['false-presence', 'is unknown over a link that is up', connected && presence === 'unknown', UNKNOWN_MS_MAX],
      ['false-road', 'is shown as direct and UDP is blocked', isBlocked && shownDirect, IDLE_DEAD_ROAD_MS_MAX],
      ['false-road', 'is shown as direct in vain', wasTried && isBlocked && shownDirect, DEAD_ROAD_MS_MAX],
    ];
    for (const [kind, what, holds, atMostMs] of rules) this.#judge(kind, `${pair}: ${what}`, holds, atMostMs);
    if (this.#heldMs(`${pair} gone`, isGone) > GONE_SHOWN_MS_MAX && presence === 'offline') this.#judgedGone++;
    if (blockedMs > DEAD_ROAD_MS_MAX && !shownDirect) this.#judgedBlocked++;
  }

  /** Once per display that stays wrong. */
  #judge(kind: ViolationKind, what: string, holds: boolean, atMostMs: number): void {
    const heldMs = this.#heldMs(what, holds);
    if (heldMs <= atMostMs) this.#told.delete(what);
    else if (!this.#told.has(what)) {
      this.#told.add(what);
      this.#oracle.report(kind, `${what}, for more than ${atMostMs} ms`);
    }
  }

  #heldMs(what: string, holds: boolean): number {
    if (!holds) this.#sinceMs.delete(what);
    else if (!this.#sinceMs.has(what)) this.#sinceMs.set(what, this.#world.nowMs);
    return this.#world.nowMs - (this.#sinceMs.get(what) ?? this.#world.nowMs);
  }

  /** Both ends hold a connection and segments move: after a silent crash a peer believes in one that is no more. */
  #reachesServer(peer: SimPeer): boolean {
    const { network, server } = this.#world;
    if (!server.running || network.link(peer.name, 'server').tcpStalled) return false;
    return server.host.tcpEnds.some((end) => end.stream.open && end.remoteHost === peer.name);
  }
}

async function isConnected(peer: SimPeer): Promise<boolean> {
  return peer.ready && (await peer.engine.status()).server.state === 'connected';
}
