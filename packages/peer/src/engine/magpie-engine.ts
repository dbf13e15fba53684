import type { Frame } from '@magpie/common/frames/frame.ts';
import type { PresenceStatus } from '@magpie/common/frames/frame-table.ts';
import type { AccountNumber, DeviceId, MessageId } from '@magpie/common/ids.ts';
import { normalizeAddress } from '@magpie/common/net.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { after, sleep, type Timer, type WallMs } from '@magpie/common/time.ts';
import type { Welcome } from '../server-link/server-link.ts';
import { CLOSE_GOODBYE, CLOSE_REMOVED } from '../session/session.ts';
import type { Contact, MessageRoad, StoredMessage } from '../store/store.ts';
import { AccountLink } from './account-link.ts';
import { inBackground } from './background.ts';
import type { CommandError } from './command-error.ts';
import { ContactBook, keyChanged } from './contact-book.ts';
import { ContactCommands } from './contact-commands.ts';
import { Delivery } from './delivery.ts';
import { type DeviceKeys, deviceKeysOf } from './device-keys.ts';
import type {
  AccountView,
  Engine,
  EngineEvent,
  LoginInput,
  MessageView,
  PathView,
  RegisterInput,
  StatusView,
} from './engine.ts';
import { EventBus } from './event-bus.ts';
import { FriendPresence } from './friend-presence.ts';
import { HandshakeStamps } from './handshake-stamps.ts';
import { GOODBYE_MS, STAMP_BLOCK_MS } from './limits.ts';
import { MessageCommands } from './message-commands.ts';
import { OwnPresence } from './own-presence.ts';
import { pathView } from './path-view.ts';
import { PeerSessions } from './peer-sessions.ts';
import type { EngineOptions, EnginePorts } from './ports.ts';
import { Reachability } from './reachability.ts';
import { RosterSync } from './roster-sync.ts';
import { ServerTime } from './server-time.ts';
import { UdpGate } from './udp-gate.ts';
import { accountView, friendCounts } from './views.ts';

/** Composes link, contacts, sessions and delivery into the one surface that faces use; holds no rule of its own. */
export class MagpieEngine implements Engine {
  readonly #ports: EnginePorts;
  readonly #options: EngineOptions;
  readonly #keys: DeviceKeys;
  readonly #bus = new EventBus();
  readonly #book = new ContactBook();
  readonly #time: ServerTime;
  readonly #gate: UdpGate;
  readonly #account: AccountLink;
  readonly #reachability: Reachability;
  readonly #sessions: PeerSessions;
  readonly #delivery: Delivery;
  readonly #friends: FriendPresence;
  readonly #roster: RosterSync;
  readonly #presence: OwnPresence;
  readonly #contacts: ContactCommands;
  readonly #messages: MessageCommands;
  readonly #stamps: HandshakeStamps;
  #stampTimer: Timer | undefined;
  #stopping: Promise<void> | undefined;

  constructor(ports: EnginePorts, options: EngineOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#keys = deviceKeysOf(ports.identity);
    const { clock, random, store, log } = ports;
    this.#time = new ServerTime(clock);
    this.#stamps = new HandshakeStamps(store, () => this.#time.wallNow());
    this.#gate = new UdpGate((bytes, from) => {
      if (!this.#reachability.handleDatagram(bytes, from)) this.#sessions.handleDatagram(bytes, from);
    });
    this.#account = new AccountLink({
      ports,
      keys: this.#keys,
      time: this.#time,
      onUp: (welcome) => this.#handleUp(welcome),
      onRenumbered: () => this.#delivery.handleRenumbered(),
      onDown: () => this.#handleDown(),
      // R32: nobody is signed in here any more, so nobody talks from here, by no road.
      onSignedOut: () => this.#sessions.closeAll(CLOSE_GOODBYE),
      onFrame: (frame) => this.#handleFrame(frame),
      onState: (state, error) => {
        this.#bus.emit({ type: 'link', state, error });
        this.#emitRelayPaths();
      },
    });
    this.#reachability = new Reachability({
      clock,
      random,
      interfaces: ports.interfaces,
      gate: this.#gate,
      onChanged: (moved) => this.#sessions.handleCandidates(moved),
      renewToken: () =>
        void this.#account.request({ type: 'reflect-token-get' }).then((answer) => {
          if (answer.ok && answer.value.type === 'reflect-token') this.#learnReflector(answer.value);
        }),
    });
    this.#sessions = new PeerSessions({
      clock,
      random,
      log,
      staticKey: this.#keys.exchange,
      ownDevice: this.#keys.device,
      friendDevice: (device) => this.#book.device(device),
      directAllowed: () => this.#gate.isOpen,
      localCandidates: () => this.#reachability.candidates,
      nextStamp: () => this.#stamps.next(),
      ownListVersion: () => this.#keys.deviceListVersion,
      introduce: (to, packet) => this.#introduce(to, packet),
      sendRelay: (to, packet) => void this.#account.sendRelay({ type: 'relay', to, packet }),
      sendUdp: (bytes, to) => this.#gate.send(bytes, to),
      handlers: {
        onUp: (device) => {
          this.#reachability.freshen();
          this.#delivery.handleSessionUp(device);
          this.#emitPath(device);
        },
        onDown: (device) => {
          this.#delivery.handleSessionDown(device);
          this.#emitPath(device);
        },
        onHandshakeFailed: (device) => this.#delivery.handleHandshakeFailed(device),
        onStream: (device, bytes, road) => this.#delivery.handleStream(device, bytes, road),
        onStreamAcked: (device, stream, road) => this.#delivery.handleStreamAcked(device, stream, road),
        onRoute: (device) => this.#emitPath(device),
        onNewerList: () => void this.#roster.refresh(),
      },
    });
    this.#delivery = new Delivery({
      clock,
      log,
      store,
      wallNow: () => this.#time.wallNow(),
      devicesOf: (account) => this.#book.devicesOf(account).map(({ device }) => device),
      isFriend: (account) => this.#book.get(account)?.state === 'member',
      accountOf: (device) => this.#book.device(device)?.account,
      ensureSession: (device) => this.#sessions.ensure(device),
      openStream: (device, bytes) => this.#sessions.openStream(device, bytes),
      roadOf: (device) => this.#roadOfDevice(device),
      closeSession: (device) => this.#sessions.close(device, CLOSE_GOODBYE),
      handlers: {
        onMessages: (messages, areNew) => {
          for (const message of messages) {
            if (areNew && message.kind === 'text') this.#book.addUnread(message.chat, 1);
            this.#emitMessage(message, areNew);
          }
        },
      },
    });
    this.#friends = new FriendPresence({
      book: this.#book,
      onStatus: (account, status) => this.#bus.emit({ type: 'presence', account, status }),
      onDeviceAnew: (device) => {
        this.#sessions.probe(device);
        inBackground(log, 'the outbox could not be read', this.#delivery.handleDeviceOnline(device));
      },
    });
    this.#roster = new RosterSync({
      account: this.#account,
      store,
      book: this.#book,
      log,
      onChanged: (account) => this.#handleContactChanged(account),
    });
    this.#presence = new OwnPresence({
      account: this.#account,
      sessions: this.#sessions,
      connected: () => this.#connected(),
    });
    this.#contacts = new ContactCommands({
      book: this.#book,
      profile: () => this.#account.profile,
      request: (request) => this.#account.request(request),
      refreshRoster: () => this.#roster.refresh(),
      roadOf: (account) => this.#roadOf(account),
    });
    this.#messages = new MessageCommands({
      store,
      random,
      time: this.#time,
      book: this.#book,
      delivery: this.#delivery,
      ownDevice: this.#keys.device,
      profile: () => this.#account.profile,
      find: (who) => this.#contacts.find(who),
      ensureSession: (device) => this.#sessions.ensure(device),
      onMessage: (message, isNew) => this.#emitMessage(message, isNew),
    });
  }

  async start(): Promise<void> {
    if (this.#options.udp) await this.#gate.open(this.#ports.udp, this.#options.udpPort, this.#ports.log);
    this.#reachability.start();
    this.#book.load(await this.#ports.store.contacts());
    const profile = await this.#ports.store.profile();
    if (profile) {
      this.#stamps.start(profile.stampReserved);
      await this.#renewStamps();
    }
    await this.#account.start();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#stampTimer?.cancel();
    this.#delivery.stop();
    this.#sessions.closeAll(CLOSE_GOODBYE);
    await this.#account.disconnect();
    this.#reachability.stop();
    // Datagrams and the goodbye to the server leave before the sockets close.
    await sleep(this.#ports.clock, GOODBYE_MS);
    this.#gate.close();
    await this.#ports.store.close();
  }

  subscribe(listener: (event: EngineEvent) => void): () => void {
    return this.#bus.subscribe(listener);
  }

  async register(input: RegisterInput): Promise<Result<AccountView, CommandError>> {
    return this.#comeOnline(await this.#account.register(input));
  }

  async login(input: LoginInput): Promise<Result<AccountView, CommandError>> {
    return this.#comeOnline(await this.#account.login(input));
  }

  async logout(): Promise<Result<void, CommandError>> {
    return this.#account.logout();
  }

  async whoami(): Promise<Result<AccountView, CommandError>> {
    const profile = this.#account.profile;
    return profile ? ok(accountView(profile, this.#keys.device)) : err({ code: 'NOT_SIGNED_IN' });
  }

  contacts(): ReturnType<Engine['contacts']> {
    return this.#contacts.contacts();
  }

  contact(who: string): ReturnType<Engine['contact']> {
    return this.#contacts.contact(who);
  }

  addContact(who: string, text: string): ReturnType<Engine['addContact']> {
    return this.#contacts.addContact(who, text);
  }

  answerRequest(who: string, accept: boolean): ReturnType<Engine['answerRequest']> {
    return this.#contacts.answerRequest(who, accept);
  }

  removeContact(who: string): ReturnType<Engine['removeContact']> {
    return this.#contacts.removeContact(who);
  }

  async presence(): Promise<Result<PresenceStatus, CommandError>> {
    if (!this.#account.profile) return err({ code: 'NOT_SIGNED_IN' });
    return ok(this.#presence.shown);
  }

  setPresence(status: PresenceStatus): Promise<Result<PresenceStatus, CommandError>> {
    return this.#presence.set(status);
  }

  send(input: Parameters<Engine['send']>[0]): ReturnType<Engine['send']> {
    return this.#messages.send(input);
  }

  messages(input: Parameters<Engine['messages']>[0]): ReturnType<Engine['messages']> {
    return this.#messages.messages(input);
  }

  message(id: MessageId): ReturnType<Engine['message']> {
    return this.#messages.message(id);
  }

  markRead(chat: string, upTo?: MessageId): ReturnType<Engine['markRead']> {
    return this.#messages.markRead(chat, upTo);
  }

  changesSince(cursor: number, limit: number): Promise<readonly MessageView[]> {
    return this.#messages.changesSince(cursor, limit);
  }

  cursor(): Promise<number> {
    return this.#messages.cursor();
  }

  async status(): Promise<StatusView> {
    const { profile } = this.#account;
    const friends = this.#book.all().filter(({ state }) => state === 'member');
    return {
      account: profile && accountView(profile, this.#keys.device),
      server: this.#account.status,
      presence: this.#presence.shown,
      ...friendCounts(friends, (account) => this.#roadOf(account)?.kind, this.#book),
      udp: this.#gate.view(this.#reachability.reflexive),
    };
  }

  async paths(who?: string): Promise<Result<readonly PathView[], CommandError>> {
    if (!this.#account.profile) return err({ code: 'NOT_SIGNED_IN' });
    if (who === undefined) {
      const friends = this.#book.all().filter(({ state }) => state === 'member');
      return ok(friends.map((contact) => this.#pathView(contact)));
    }
    const found = this.#book.findFriend(who);
    return found.ok ? ok([this.#pathView(found.value)]) : found;
  }

  setDropUdp(drop: boolean): void {
    this.#gate.dropping = drop;
  }

  async #handleUp(welcome: Welcome): Promise<void> {
    const profile = this.#account.profile;
    if (profile && !this.#stampTimer) {
      this.#stamps.start(profile.stampReserved);
      await this.#renewStamps();
    }
    this.#learnReflector({ token: welcome.reflectToken, tokenMs: welcome.reflectTokenMs }, welcome);
    await this.#roster.refresh();
    this.#presence.handleLinkUp();
    this.#sessions.reopen();
    this.#sessions.handleLinkUp();
    await this.#delivery.handleLinkUp();
  }

  /** Tries the server at once. @returns whether that brought the link up */
  #connected(): Promise<boolean> {
    return new Promise((resolve) => {
      const unsubscribe = this.#bus.subscribe((event) => {
        if (event.type !== 'link' || event.state === 'connecting') return;
        unsubscribe();
        resolve(event.state === 'connected');
      });
      this.#account.keepUp();
    });
  }

  /** Friends see whoever has logged in as there: a wish to be offline is over. */
  #comeOnline(login: Result<AccountView, CommandError>): Result<AccountView, CommandError> {
    if (login.ok) this.#presence.handleLogin();
    return login;
  }

  #handleDown(): void {
    this.#sessions.handleLinkDown();
    this.#friends.handleLinkDown();
  }

  #handleFrame(frame: Frame): void {
    switch (frame.type) {
      case 'relayed':
        return this.#sessions.handleRelayed(frame.from, frame.packet);
      case 'introduction':
        return this.#sessions.handleIntroduction(frame);
      case 'presence':
        return this.#friends.handleFrame(frame);
      case 'roster':
        return void this.#roster.apply(frame.entries, frame.version);
      case 'notice':
        return this.#handleNotice({ id: frame.id, at: frame.atWallMs as WallMs, text: frame.text });
      case 'relay-refused':
        return this.#ports.log.debug({ reason: frame.reason }, 'relay refused');
      default:
        return;
    }
  }

  #handleNotice(notice: { readonly id: number; readonly at: WallMs; readonly text: string }): void {
    this.#bus.emit({ type: 'notice', ...notice });
    inBackground(this.#ports.log, 'a notice could not be stored', this.#ports.store.saveNotice(notice));
  }

  #handleContactChanged(account: AccountNumber): void {
    const contact = this.#book.get(account);
    if (!contact) return;
    this.#bus.emit({ type: 'contact', contact: this.#contacts.view(contact) });
    if (contact.state === 'member' && !keyChanged(contact)) return this.#delivery.handleFriend(account);
    for (const device of this.#sessions.devices()) {
      if (!this.#book.device(device)) this.#sessions.close(device, CLOSE_REMOVED);
    }
    if (contact.state !== 'removed') return;
    inBackground(this.#ports.log, 'a refusal could not be stored', this.#delivery.handleRemoved(account));
  }

  async #introduce(to: DeviceId, packet: Uint8Array): Promise<Result<{ readonly psk: Uint8Array }, string>> {
    const answer = await this.#account.request({ type: 'introduce', to, packet });
    if (!answer.ok) return err(answer.error.kind === 'refused' ? answer.error.code : answer.error.kind);
    return answer.value.type === 'introduced' ? ok({ psk: answer.value.psk }) : err('internal');
  }

  #learnReflector(access: { readonly token: Uint8Array; readonly tokenMs: number }, welcome?: Welcome): void {
    const address = this.#account.remoteAddress;
    if (address === undefined) return;
    this.#reachability.learn({ address: normalizeAddress(address), ...access }, welcome);
  }

  async #renewStamps(): Promise<void> {
    const { clock, log } = this.#ports;
    if (this.#stopping) return;
    this.#stampTimer?.cancel();
    this.#stampTimer = clock.setTimer(after(clock.now(), STAMP_BLOCK_MS / 3), () => void this.#renewStamps());
    await this.#stamps.renew().catch((cause: { readonly code?: string }) => {
      log.error({ code: cause.code ?? 'unknown' }, 'handshake stamps could not be reserved');
    });
  }

  #roadOfDevice(device: DeviceId): MessageRoad | undefined {
    const road = this.#sessions.session(device)?.road;
    return road?.kind === 'relay' && !this.#account.up ? undefined : road;
  }

  #roadOf(account: AccountNumber): MessageRoad | undefined {
    const devices = this.#book.devicesOf(account);
    return devices.map(({ device }) => this.#roadOfDevice(device)).find((road) => road !== undefined);
  }

  #pathView(contact: Contact): PathView {
    return pathView(contact, this.#book.devicesOf(contact.account), this.#sessions, this.#account.up);
  }

  #emitMessage(message: StoredMessage, isNew: boolean): void {
    this.#bus.emit({ type: 'message', message: this.#messages.view(message), isNew });
  }

  /** The link came or went, and with it the relay. */
  #emitRelayPaths(): void {
    for (const device of this.#sessions.devices()) {
      if (this.#sessions.session(device)?.route.kind === 'relay') this.#emitPath(device);
    }
  }

  #emitPath(device: DeviceId): void {
    const account = this.#book.device(device)?.account;
    const contact = account === undefined ? undefined : this.#book.get(account);
    if (contact) this.#bus.emit({ type: 'path', path: this.#pathView(contact) });
  }
}
