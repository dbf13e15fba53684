import type { CommandError } from '@magpie/peer/engine/command-error.ts';
import type { LoginInput, SignInView } from '@magpie/peer/engine/engine.ts';
import type { Oracle } from './oracle.ts';
import { PASSWORD, registerPeer, waitFor } from './setup.ts';
import type { SimPeer } from './sim-peer.ts';
import { SimulationError, type World } from './world.ts';

/** Errors after which people try again: nothing was said about what they asked for. */
const TRY_AGAIN: ReadonlySet<string> = new Set([
  'SERVER_UNREACHABLE',
  'TIMED_OUT',
  'shutting-down',
  'busy',
  'internal',
  // The machine that is asked to approve believed in a link that was dead.
  'peer-gone',
  'NOT_APPROVED',
]);
const TRIES_MAX = 24;
const TRY_AGAIN_MS = 1_500;
/** Longer than a reconnect takes after a fault. */
const CONNECT_MS_MAX = 90_000;

type HowToSignIn = Partial<LoginInput> | undefined;
type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: CommandError };

/** Somebody with an account: what they know, and the machines they use. */
export class Person {
  readonly name: string;
  readonly world: World;
  readonly oracle: Oracle;
  password = PASSWORD;
  recoveryCode = '';
  /** In the account's list. The last one may be signed out after a change of the password. */
  devices: SimPeer[] = [];
  /** Every machine there ever was. */
  readonly machines: SimPeer[] = [];
  /** Machines that are being signed in at this moment. */
  readonly signingIn = new Set<SimPeer>();

  constructor(world: World, oracle: Oracle, name: string) {
    this.world = world;
    this.oracle = oracle;
    this.name = name;
  }

  get first(): SimPeer {
    return this.devices[0]!;
  }

  async register(): Promise<void> {
    const peer = this.#machine();
    const signedIn = await registerPeer(this.world, this.oracle, peer);
    this.recoveryCode = signedIn.recoveryCode ?? '';
    await this.world.settle(peer.engine.recoveryKept(), `${peer.name} writes the recovery code down`);
    this.devices.push(peer);
  }

  /** A new machine, let in by the recovery code. */
  async addByRecovery(): Promise<void> {
    const peer = await this.#newMachine();
    await this.#signIn(peer, () => ({ password: this.password, recoveryCode: this.recoveryCode }));
    this.#listed(peer);
  }

  /** A new machine without anything of the old ones: the account has another key from then on. */
  async addAnew(): Promise<void> {
    const peer = await this.#newMachine();
    await this.#signIn(peer, () => ({ password: this.password, newIdentity: true }));
    for (const gone of this.devices.splice(0)) this.oracle.forgets(gone);
    this.#listed(peer);
  }

  /** A new machine, let in by one that is there. */
  async addByApproval(by: SimPeer): Promise<void> {
    const peer = await this.#newMachine();
    await this.connected(by);
    await this.#signIn(peer, async () => {
      const offered = await by.engine.offerApproval();
      return offered.ok ? { password: this.password, approvalCode: offered.value.code } : undefined;
    });
    this.#listed(peer);
  }

  async revoke(by: SimPeer, device: SimPeer): Promise<void> {
    const account = this.oracle.accountOf(by);
    const isListed = (): boolean => {
      const list = this.world.server.disk.accountByNumber(account)?.deviceList ?? new Uint8Array(0);
      return Buffer.from(list).includes(Buffer.from(device.exchangeKey));
    };
    for (let tries = 1; isListed(); tries++) {
      await this.connected(by);
      const result = await this.world.settle(
        by.engine.revokeDevice(device.device),
        `${by.name} revokes ${device.name}`,
      );
      // It may not know yet of a machine that was added a moment ago.
      const reason = result.ok ? 'NOT_FOUND' : (result.error.refusal ?? result.error.code);
      if (tries > TRIES_MAX || (reason !== 'NOT_FOUND' && !TRY_AGAIN.has(reason))) {
        throw new SimulationError(`${by.name} cannot revoke ${device.name}: ${reason}`);
      }
      if (isListed()) await this.world.runFor(TRY_AGAIN_MS);
    }
    this.devices = this.devices.filter((each) => each !== device);
    this.oracle.forgets(device);
  }

  async changePassword(by: SimPeer, password: string): Promise<void> {
    await this.connected(by);
    const old = this.password;
    // Where the answer was lost, the second try finds the old password wrong.
    await this.must('changes the password', () => by.engine.changePassword(old, password), 'wrong-credentials');
    this.password = password;
  }

  /** Whatever ended the sign-in of a listed machine, its user gives the password again. */
  async signInAgain(peer: SimPeer): Promise<void> {
    if ((await this.#linkState(peer)) === 'signed-out') await this.#signIn(peer, () => ({ password: this.password }));
  }

  async connected(peer: SimPeer): Promise<void> {
    await this.signInAgain(peer);
    const what = `${peer.name} is connected`;
    await waitFor(this.world, what, async () => (await this.#linkState(peer)) === 'connected', CONNECT_MS_MAX);
  }

  /** Gives the command again while nothing is known of what became of it. @param done an error that tells that it is done */
  async must<T>(what: string, command: () => Promise<Outcome<T>>, done?: string): Promise<T> {
    for (let tries = 1; ; tries++) {
      const result = await this.world.settle(command(), `${this.name} ${what}`, 700_000);
      if (result.ok) return result.value;
      const reason = result.error.refusal ?? result.error.code;
      if (tries > 1 && reason === done) return undefined as T;
      if (!TRY_AGAIN.has(reason) || tries >= TRIES_MAX) {
        throw new SimulationError(`${this.name} ${what}: ${JSON.stringify(result.error)}`);
      }
      await this.world.runFor(TRY_AGAIN_MS);
    }
  }

  /** @param how undefined: not now, so that it is tried again */
  async #signIn(peer: SimPeer, how: () => HowToSignIn | Promise<HowToSignIn>): Promise<void> {
    const common = { server: this.world.server.address, trustFirst: false, account: this.name };
    const logIn = async (): Promise<Outcome<SignInView>> => {
      const by = await how();
      return by ? peer.engine.login({ ...common, ...by }) : { ok: false, error: { code: 'TIMED_OUT' } };
    };
    this.signingIn.add(peer);
    await this.must(`signs in on ${peer.name}`, logIn, 'ALREADY_SIGNED_IN');
    this.signingIn.delete(peer);
  }

  async #newMachine(): Promise<SimPeer> {
    const peer = this.#machine();
    await this.world.settle(peer.start(), `${peer.name} starts`);
    return peer;
  }

  #machine(): SimPeer {
    const count = this.machines.length;
    const peer = this.world.addPeer(count === 0 ? this.name : `${this.name}-${count + 1}`, { accountName: this.name });
    this.machines.push(peer);
    return peer;
  }

  #listed(peer: SimPeer): void {
    this.devices.push(peer);
    this.oracle.knows(peer, this.oracle.accountOf(this.machines[0]!));
  }

  async #linkState(peer: SimPeer): Promise<string> {
    if (!peer.ready) return 'stopped';
    return (await this.world.settle(peer.engine.status(), `${peer.name} tells its state`)).server.state;
  }
}
