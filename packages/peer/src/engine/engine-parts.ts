import type { Frame } from '@magpie/common/frames/frame.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { normalizeAddress } from '@magpie/common/net.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Welcome } from '../server-link/server-link.ts';
import { CLOSE_GOODBYE, CLOSE_REMOVED } from '../session/session.ts';
import type { StoredMessage } from '../store/store.ts';
import { AccountCommands } from './account-commands.ts';
import { AccountLink } from './account-link.ts';
import { Approvals } from './approvals.ts';
import { inBackground } from './background.ts';
import { ContactBook, keyChanged } from './contact-book.ts';
import { ContactCommands } from './contact-commands.ts';
import { DeliveryParts } from './delivery-parts.ts';
import type { DeviceKeys } from './device-keys.ts';
import { DirectPolicy } from './direct-policy.ts';
import { EventBus } from './event-bus.ts';
import { FriendPresence } from './friend-presence.ts';
import { FriendRoads } from './friend-roads.ts';
import { HandshakeStamps } from './handshake-stamps.ts';
import { LastSeen } from './last-seen.ts';
import { MessageParts } from './message-parts.ts';
import { NoticeKeeper } from './notice-keeper.ts';
import { OwnDevices } from './own-devices.ts';
import { OwnPresence } from './own-presence.ts';
import { PeerSessions } from './peer-sessions.ts';
import type { EnginePorts } from './ports.ts';
import { Reachability } from './reachability.ts';
import { RosterSync } from './roster-sync.ts';
import { ServerTime } from './server-time.ts';
import { StampRenewal } from './stamp-renewal.ts';
import { TrustCommands } from './trust-commands.ts';
import { UdpGate } from './udp-gate.ts';

/** The parts of an engine, made and joined: what each of them tells goes to those that must know. No commands here. */
export class EngineParts {
  readonly ports: EnginePorts;
  readonly keys: Pick<DeviceKeys, 'device' | 'exchange' | 'signKey'>;
  readonly own: OwnDevices;
  readonly bus = new EventBus();
  readonly book = new ContactBook();
  readonly time: ServerTime;
  readonly stamps: HandshakeStamps;
  readonly stampRenewal: StampRenewal;
  readonly gate: UdpGate;
  readonly account: AccountLink;
  readonly reachability: Reachability;
  readonly sessions: PeerSessions;
  readonly roads: FriendRoads;
  readonly delivery: DeliveryParts;
  readonly friends: FriendPresence;
  readonly roster: RosterSync;
  readonly presence: OwnPresence;
  readonly policy: DirectPolicy;
  readonly lastSeen: LastSeen;
  readonly notices: NoticeKeeper;
  readonly approvals: Approvals;
  readonly commands: AccountCommands;
  readonly contacts: ContactCommands;
  readonly trust: TrustCommands;
  readonly messaging: MessageParts;

  constructor(ports: EnginePorts) {
    this.ports = ports;
    const { clock, random, store, log } = ports;
    this.own = new OwnDevices(ports);
    this.keys = this.own.keys;
    this.time = new ServerTime(clock);
    this.stamps = new HandshakeStamps(store, () => this.time.wallNow());
    this.stampRenewal = new StampRenewal({ clock, log, stamps: this.stamps });
    this.gate = new UdpGate((bytes, from) => {
      if (!this.reachability.handleDatagram(bytes, from)) this.sessions.handleDatagram(bytes, from);
    });
    this.policy = new DirectPolicy({
      book: this.book,
      gate: this.gate,
      store,
      onChanged: () => {
        this.sessions.handleDirectPolicy();
        this.reachability.setPaused(this.policy.never);
        this.#emitSettings();
      },
    });
    this.account = new AccountLink({
      ports,
      own: this.own,
      time: this.time,
      onUp: (welcome) => this.#handleUp(welcome),
      onRenumbered: (stamped) => {
        this.delivery.delivery.handleRenumbered();
        this.#handleMessages(stamped, false);
      },
      onDown: () => this.#handleDown(),
      // R32, R21: nobody is signed in here any more, so nobody talks from here, by no road.
      onSilenced: () => {
        this.sessions.closeAll(CLOSE_GOODBYE);
        this.approvals.forget();
      },
      onFrame: (frame) => this.#handleFrame(frame),
      unseen: () => this.presence.invisible,
      onState: (state, error) => {
        this.bus.emit({ type: 'link', state, error });
        this.roads.emitRelayed();
      },
    });
    this.reachability = new Reachability({
      clock,
      random,
      interfaces: ports.interfaces,
      gate: this.gate,
      onChanged: (moved) => this.sessions.handleCandidates(moved),
      renewToken: () =>
        void this.account.request({ type: 'reflect-token-get' }).then((answer) => {
          if (answer.ok && answer.value.type === 'reflect-token') this.#learnReflector(answer.value);
        }),
    });
    this.sessions = new PeerSessions({
      clock,
      random,
      log,
      staticKey: this.keys.exchange,
      ownDevice: this.keys.device,
      friendDevice: (device) => this.book.device(device),
      hidden: () => this.presence.invisible,
      directAllowed: (device) => this.policy.allows(device),
      localCandidates: () => this.reachability.candidates,
      nextStamp: () => this.stamps.next(),
      ownListVersion: () => this.own.listVersion,
      introduce: (to, packet) => this.#introduce(to, packet),
      sendRelay: (to, packet) => void this.account.sendRelay({ type: 'relay', to, packet }),
      sendUdp: (bytes, to) => this.gate.send(bytes, to),
      handlers: {
        onUp: (device) => {
          this.reachability.freshen();
          this.delivery.delivery.handleSessionUp(device);
          this.roads.emit(device);
        },
        onDown: (device) => {
          this.delivery.delivery.handleSessionDown(device);
          this.roads.emit(device);
        },
        onHandshakeFailed: (device) => this.delivery.delivery.handleHandshakeFailed(device),
        onStream: (device, bytes, road) => this.delivery.delivery.handleStream(device, bytes, road),
        onStreamAcked: (device, stream, road) => this.delivery.delivery.handleStreamAcked(device, stream, road),
        onRoute: (device) => this.roads.emit(device),
        onNewerList: (device) => this.#handleNewerList(device),
      },
    });
    this.roads = new FriendRoads({
      book: this.book,
      sessions: this.sessions,
      linkUp: () => this.account.up,
      neverDirect: (account) => this.policy.forbids(account),
      onPath: (path) => this.bus.emit({ type: 'path', path }),
    });
    this.delivery = new DeliveryParts({
      ports,
      own: this.own,
      book: this.book,
      time: this.time,
      account: this.account,
      sessions: this.sessions,
      roads: () => this.roads,
      invisible: () => this.presence.invisible,
      privacy: () => this.messaging.privacy,
      refreshList: (account) => this.roster.refreshList(account),
      onMessages: (messages, areNew) => this.#handleMessages(messages, areNew),
      onTyping: (account, active) => this.bus.emit({ type: 'typing', account, active }),
      onMissing: (account) => this.#emitContact(account),
    });
    this.friends = new FriendPresence({
      book: this.book,
      onStatus: (account, status) => this.bus.emit({ type: 'presence', account, status }),
      onDeviceAnew: (device) => {
        this.sessions.probe(device);
        this.delivery.handleDeviceOnline(device);
      },
    });
    this.roster = new RosterSync({
      account: this.account,
      store,
      book: this.book,
      log,
      notes: {
        linesOf: (contacts) => this.messaging.systemNotes.linesOf(contacts),
        handleContacts: (contacts) => this.messaging.systemNotes.handleContacts(contacts),
      },
      onChanged: (account) => this.#handleContactChanged(account),
      onLine: (line) => this.#emitMessage(line, true),
    });
    this.presence = new OwnPresence({
      clock,
      log,
      store,
      account: this.account,
      sessions: this.sessions,
      connected: () => this.connected(),
      onVisible: () => this.delivery.handleVisible(),
      onInvisible: () => this.delivery.handleInvisible(),
      onChanged: () => this.#emitSettings(),
    });
    this.lastSeen = new LastSeen({
      clock,
      book: this.book,
      request: (request) => this.account.request(request),
    });
    this.notices = new NoticeKeeper({
      store,
      log,
      onChange: (notice) => this.bus.emit({ type: 'notice', notice }),
      acknowledge: (upTo) => void this.account.request({ type: 'notice-ack', upTo }),
    });
    this.approvals = new Approvals({
      clock,
      random,
      log,
      own: this.own,
      request: (request) => this.account.request(request),
      onOutcome: (label, outcome) => this.bus.emit({ type: 'approval', label, outcome }),
    });
    this.commands = new AccountCommands({
      account: this.account,
      own: this.own,
      approvals: this.approvals,
      random,
      log,
      onSignedIn: () => this.presence.handleLogin(),
      onRevoked: () => {
        this.delivery.handleOwnDevices();
        return this.delivery.renewMailboxKey();
      },
      onChanged: (account) => {
        this.bus.emit({ type: 'account', account });
        this.delivery.handleOwnDevices();
      },
      onTold: (account) => this.bus.emit({ type: 'account', account }),
    });
    this.contacts = new ContactCommands({
      book: this.book,
      store,
      profile: () => this.account.profile,
      accountKey: () => this.own.accountKey,
      request: (request) => this.account.request(request),
      refreshRoster: () => this.roster.refresh(),
      applyOwn: (before, state) => this.roster.applyOwn(before, state),
      reload: () => this.roster.reload(),
      chatState: (account) => ({
        path: this.roads.of(account),
        missing: this.delivery.gaps.missing(account),
        typing: this.delivery.typing.isTyping(account),
      }),
    });
    this.trust = new TrustCommands({
      book: this.book,
      store,
      profile: () => this.account.profile,
      accountKey: () => this.own.accountKey,
      find: (who) => this.contacts.find(who),
      view: (contact) => this.contacts.view(contact),
      reload: () => this.roster.reload(),
      takeNewestList: (contact) => this.roster.takeNewestList(contact),
      onKeyAccepted: ({ account }) => this.messaging.systemNotes.write(account, 'key-accepted'),
      exclusively: (work) => this.roster.exclusively(work),
    });
    this.messaging = new MessageParts({
      ports,
      time: this.time,
      book: this.book,
      delivery: this.delivery.delivery,
      ownDevice: this.keys.device,
      profile: () => this.account.profile,
      find: (who) => this.contacts.find(who),
      ensureSession: (device) => this.sessions.ensure(device),
      setTyping: (account, active) => this.delivery.typing.set(account, active),
      isLaterDevice: () => this.own.listVersion > 1,
      onMessage: (message, isNew) => this.#emitMessage(message, isNew),
      onUnread: (account) => this.#emitUnread(account),
      onDeleted: (account) => this.bus.emit({ type: 'deleted', account }),
      onPrivacy: () => this.#emitSettings(),
      onDraft: (draft) => this.bus.emit({ type: 'draft', draft }),
    });
  }

  async #handleUp(welcome: Welcome): Promise<void> {
    const profile = this.account.profile;
    if (profile) await this.stampRenewal.start(profile.stampReserved);
    this.#learnReflector({ token: welcome.reflectToken, tokenMs: welcome.reflectTokenMs }, welcome);
    this.messaging.systemNotes.handleRoster(profile?.rosterVersion === 0);
    await this.roster.refresh();
    this.messaging.systemNotes.handleRoster(false);
    this.presence.handleLinkUp();
    this.lastSeen.handleLinkUp();
    this.notices.handleLinkUp();
    if (!this.presence.invisible) this.sessions.reopen();
    this.sessions.handleLinkUp();
    await this.delivery.handleLinkUp(welcome.mailboxId);
  }

  /** Tries the server at once. @returns whether that brought the link up */
  connected(): Promise<boolean> {
    return new Promise((resolve) => {
      const unsubscribe = this.bus.subscribe((event) => {
        if (event.type !== 'link' || event.state === 'connecting') return;
        unsubscribe();
        resolve(event.state === 'connected');
      });
      this.account.keepUp();
    });
  }

  #handleDown(): void {
    this.sessions.handleLinkDown();
    this.friends.handleLinkDown();
    this.lastSeen.handleLinkDown();
    this.delivery.handleLinkDown();
  }

  #handleFrame(frame: Frame): void {
    switch (frame.type) {
      case 'relayed':
        return this.sessions.handleRelayed(frame.from, frame.packet);
      case 'introduction':
        return this.sessions.handleIntroduction(frame);
      case 'presence':
        return this.friends.handleFrame(frame);
      case 'roster':
        return void this.roster.apply(frame.entries, frame.version);
      case 'notice':
        return this.notices.handleFrame(frame);
      case 'mail':
        return this.delivery.handleMail(frame);
      case 'own-profile':
        return this.commands.handleOwnProfile(frame);
      case 'approval-asked':
        return this.approvals.handleAsked(frame);
      case 'relay-refused':
        return this.ports.log.debug({ reason: frame.reason }, 'relay refused');
      default:
        return;
    }
  }

  #handleContactChanged(account: AccountNumber): void {
    const contact = this.book.get(account);
    if (!contact) return;
    this.#emitContact(account);
    this.messaging.systemNotes.handleContacts([contact]);
    // R21: of nobody's friends any more, or taken off a friend's list.
    for (const device of this.sessions.devices()) {
      if (!this.book.device(device)) this.sessions.close(device, CLOSE_REMOVED);
    }
    this.sessions.handleDirectPolicy();
    if (contact.state === 'member') {
      this.lastSeen.handleContacts();
      if (!keyChanged(contact)) this.delivery.handleFriend(account);
    }
    if (contact.state !== 'removed' && contact.state !== 'blocked') return;
    inBackground(this.ports.log, 'a refusal could not be stored', this.delivery.delivery.handleRemoved(account));
  }

  #handleNewerList(device: DeviceId): void {
    const friend = this.book.device(device);
    if (friend) void this.roster.refreshList(friend.account);
  }

  async #introduce(to: DeviceId, packet: Uint8Array): Promise<Result<{ readonly psk: Uint8Array }, string>> {
    const answer = await this.account.request({ type: 'introduce', to, packet });
    if (!answer.ok) return err(answer.error.kind === 'refused' ? answer.error.code : answer.error.kind);
    return answer.value.type === 'introduced' ? ok({ psk: answer.value.psk }) : err('internal');
  }

  #learnReflector(access: { readonly token: Uint8Array; readonly tokenMs: number }, welcome?: Welcome): void {
    const address = this.account.remoteAddress;
    if (address === undefined) return;
    this.reachability.learn({ address: normalizeAddress(address), ...access }, welcome);
  }

  #handleMessages(messages: readonly StoredMessage[], areNew: boolean): void {
    for (const message of messages) {
      if (areNew && message.direction === 'in' && message.state !== 'read') this.book.addUnread(message.chat, 1);
      if (areNew && message.direction === 'in') this.delivery.typing.handleContent(message.chat, false);
      this.#emitMessage(message, areNew);
      // A copy of which its own device left nothing to be shown: faces hear of no row that is not.
      const isGone = !areNew && message.kind === 'void' && message.direction === 'out';
      if (isGone) this.bus.emit({ type: 'deleted', account: message.chat });
    }
    if (!areNew) return;
    const heard = messages.filter(({ direction, state }) => direction === 'in' && state !== 'read');
    for (const chat of new Set(heard.map((message) => message.chat))) this.#emitUnread(chat);
  }

  #emitUnread(account: AccountNumber): void {
    const contact = this.book.get(account);
    if (contact) this.bus.emit({ type: 'unread', account, unread: contact.unread });
  }

  #emitSettings(): void {
    const { presence, messaging, policy } = this;
    const settings = { presence: presence.view(), privacy: messaging.privacy.view(), neverDirect: policy.never };
    this.bus.emit({ type: 'settings', settings });
  }

  #emitContact(account: AccountNumber): void {
    const contact = this.book.get(account);
    if (contact) this.bus.emit({ type: 'contact', contact: this.contacts.view(contact) });
  }

  #emitMessage(message: StoredMessage, isNew: boolean): void {
    this.bus.emit({ type: 'message', message: this.messaging.messages.view(message), isNew });
  }
}
