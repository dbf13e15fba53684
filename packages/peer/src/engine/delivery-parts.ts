import type { FrameOf } from '@magpie/common/frames/frame.ts';
import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import { CLOSE_GOODBYE } from '../session/session.ts';
import type { StoredMessage } from '../store/store.ts';
import type { AccountLink } from './account-link.ts';
import type { News } from './asked-anew.ts';
import { inBackground } from './background.ts';
import type { ContactBook } from './contact-book.ts';
import { Delivery } from './delivery.ts';
import type { Correspondent, MailCipher } from './delivery-ports.ts';
import { FriendControl } from './friend-control.ts';
import type { FriendRoads } from './friend-roads.ts';
import { GapRepair } from './gap-repair.ts';
import { Greetings } from './greetings.ts';
import { Intake } from './intake.ts';
import { DeviceMailCipher } from './mail-cipher.ts';
import { MailDevices } from './mail-devices.ts';
import { MailKeys } from './mail-keys.ts';
import { MailOpener } from './mail-opener.ts';
import { MailPost } from './mail-post.ts';
import { MailReader } from './mail-reader.ts';
import { MailSender } from './mail-sender.ts';
import { MailboxKeys } from './mailbox-keys.ts';
import { OwnCopiesIn } from './own-copies-in.ts';
import { OwnCopiesOut } from './own-copies-out.ts';
import type { OwnDevices } from './own-devices.ts';
import { OwnRepair } from './own-repair.ts';
import type { PeerSessions } from './peer-sessions.ts';
import type { EnginePorts } from './ports.ts';
import { ReceiptRoad } from './receipt-road.ts';
import { ResealLimit } from './reseal-limit.ts';
import { Resends } from './resends.ts';
import type { ServerTime } from './server-time.ts';
import { Typing } from './typing.ts';
import { Unsent } from './unsent.ts';
import { Visibility } from './visibility.ts';

export interface DeliveryPartsOptions {
  readonly ports: EnginePorts;
  readonly own: OwnDevices;
  readonly book: ContactBook;
  readonly time: ServerTime;
  readonly account: AccountLink;
  readonly sessions: PeerSessions;
  readonly roads: () => FriendRoads;
  /** R23. */
  readonly invisible: () => boolean;
  readonly privacy: () => { readonly sendTyping: boolean; readonly sendReadReceipts: boolean };
  /** Brings the newest device list of a friend. @returns false when it could not be had */
  readonly refreshList: (account: AccountNumber) => Promise<boolean>;
  readonly onMessages: (messages: readonly StoredMessage[], areNew: boolean) => void;
  readonly onTyping: (account: AccountNumber, active: boolean) => void;
  /** What is missing of theirs is another number now. */
  readonly onMissing: (account: AccountNumber) => void;
}

/** All that carries messages, made and joined: what goes out and what comes in, by sessions and by mailboxes. */
export class DeliveryParts {
  readonly delivery: Delivery;
  readonly typing: Typing;
  readonly gaps: GapRepair;
  readonly #options: DeliveryPartsOptions;
  readonly #mailboxKeys: MailboxKeys;
  readonly #friendKeys: MailKeys;
  readonly #receipts: ReceiptRoad;
  readonly #copies: OwnCopiesOut;
  readonly #visibility: Visibility;
  readonly #control: FriendControl;
  readonly #intake: Intake;
  readonly #ownRepair: OwnRepair;
  readonly #opener: MailOpener;
  readonly #reader: MailReader;
  readonly #greetings: Greetings;
  /** From when the friends are known on a new link; `account.up` comes later. */
  #linked = false;
  /** Mailboxes that were not met while invisible: to put again what they lost would show that somebody is here (R23). */
  #unmet: Uint8Array | undefined;

  constructor(options: DeliveryPartsOptions) {
    this.#options = options;
    const { ports, own, book, account, sessions, invisible } = options;
    const { clock, random, log, store } = ports;
    const shared = { clock, random, log, store };
    const wallNow = () => options.time.wallNow();
    const ownAccount = () => account.profile?.account;
    const linkUp = () => this.#linked;
    const request = account.request.bind(account);
    const lane = (device: DeviceId) => this.delivery.lane(device);
    const isFriend = (from: Correspondent) => book.device(from.device)?.account === from.account;
    const devicesOf = (friend: AccountNumber) => book.devicesOf(friend).map(({ device }) => device);
    const onChanged = (changed: readonly StoredMessage[]) => this.#handleChanged(changed);

    this.#visibility = new Visibility({ book, invisible });
    const mayAnswer = (device: DeviceId) => this.#visibility.mayAnswer(device);
    const devices = new MailDevices({ book, own, ownAccount });
    this.#friendKeys = new MailKeys({ clock, log, store, devices, request });
    this.#mailboxKeys = new MailboxKeys({
      ...shared,
      keeper: ports.mailboxKeyKeeper,
      identity: ports.identity,
      account: ownAccount,
      wallNow,
      mayPublish: () => !invisible(),
      request,
    });
    const keys = { theirKeys: this.#friendKeys, ownKeys: this.#mailboxKeys };
    const cipher: MailCipher = new DeviceMailCipher({
      random,
      encapsulate: ports.encapsulate,
      own,
      ownAccount,
      devices,
      ...keys,
    });
    const post = new MailPost({ cipher, request });
    const unsent = new Unsent();
    const reseals = new ResealLimit(clock);

    const mailSender = new MailSender({
      ...shared,
      post,
      unsent,
      wallNow,
      needsMail: (device) => {
        const session = lane(device);
        return linkUp() && (!session || session.stalled) ? mayAnswer(device) : undefined;
      },
      isBarred: (device, id) => reseals.isBarred(device, id),
      onMessages: onChanged,
    });
    this.#receipts = new ReceiptRoad({
      ...shared,
      post,
      lane,
      linkUp,
      // An own device is told what could not be opened, and nobody else sees it.
      mayAnswer: (device) => mayAnswer(device) ?? this.#otherDevices(devices).find((other) => other.device === device),
      sendsReadReceipts: () => options.privacy().sendReadReceipts,
    });
    this.#copies = new OwnCopiesOut({ ...shared, post, linkUp, others: () => this.#otherDevices(devices) });
    const resends = new Resends({ clock, log, store, post, unsent, reseals, lane, mayAnswer });
    this.typing = new Typing({
      clock,
      tells: () => options.privacy().sendTyping && !invisible(),
      devicesOf,
      send: (device, active) => lane(device)?.send({ type: 'typing', conversation: 0, active }),
      onTyping: options.onTyping,
    });
    this.#ownRepair = new OwnRepair({
      ...shared,
      wallNow,
      ownDevice: own.keys.device,
      incarnation: () => account.profile?.incarnation,
      isFriend,
      answers: this.#receipts,
      onMessages: options.onMessages,
    });
    this.#control = new FriendControl({
      log,
      store,
      lane,
      mailSender,
      resends,
      reseals,
      copies: this.#copies,
      receipts: this.#receipts,
      isOwn: (from) => from.account === ownAccount(),
      hidesFrom: (friend) => this.#visibility.hidesFrom(friend),
      onStaleKey: (friend) => cipher.handleStaleKey(friend),
      onReceipt: (from, incarnation, upTo) => this.#ownRepair.handleReceiptBeyond(from, incarnation, upTo),
      onMessages: onChanged,
    });
    this.gaps = new GapRepair({
      clock,
      log,
      store,
      isFriend,
      answers: this.#receipts,
      onMissing: (chat) => options.onMissing(chat),
    });
    this.#intake = new Intake({
      log,
      store,
      wallNow,
      isFriend,
      answers: this.#receipts,
      gaps: this.gaps,
      ownRepair: this.#ownRepair,
      onMessages: options.onMessages,
    });
    this.delivery = new Delivery({
      clock,
      log,
      store,
      unsent,
      mailSender,
      receipts: this.#receipts,
      copies: this.#copies,
      typing: this.typing,
      resends,
      control: this.#control,
      intake: this.#intake,
      devicesOf,
      isFriend: (friend) => book.get(friend)?.state === 'member',
      accountOf: (device) => book.device(device)?.account,
      invisible,
      ensureSession: (device) => sessions.ensure(device),
      openStream: (device, bytes) => sessions.openStream(device, bytes),
      roadOf: (device) => options.roads().ofDevice(device),
      ptoMs: (device) => sessions.session(device)?.ptoMs,
      closeSession: (device) => sessions.close(device, CLOSE_GOODBYE),
      onReachable: (device) => this.#handleReachable(device),
      isLacking: (device) => this.gaps.isLacking(device) || this.#ownRepair.isLacking(device),
      onSent: (friend) => {
        if (!this.#visibility.handleSent(friend)) return;
        this.#receipts.handleLinkUp();
        this.#control.handleShown();
        for (const device of devicesOf(friend)) mailSender.kick(device);
      },
      onMessages: onChanged,
    });
    this.#greetings = new Greetings({
      ...shared,
      friendsThere: () => this.#friendsThere(),
      devicesOf,
      ensureSession: (device) => sessions.ensure(device),
    });
    this.#opener = new MailOpener({
      clock,
      log,
      cipher,
      incoming: this.#intake,
      control: this.#control,
      copies: new OwnCopiesIn({
        store,
        wallNow,
        isOwn: (device) => devices.device(device)?.account === ownAccount(),
        onMessages: options.onMessages,
      }),
      answers: this.#receipts,
      mayKnow: (friend) => friend === ownAccount() || book.get(friend)?.state === 'member',
      learnDevices: (friend) => this.#learnDevices(friend),
      mayTell: () => linkUp() && !invisible(),
      onSlot: (from) => this.#handleReachable(from.device, 'slot'),
    });
    this.#reader = new MailReader({
      clock,
      log,
      request,
      takeMail: (mail) => this.#opener.take(mail),
      mayAck: () => !invisible(),
      onAcked: (left) => this.#mailboxKeys.handleAcked(left),
    });
  }

  /** Before the link comes up for the first time. */
  async start(): Promise<void> {
    await this.#mailboxKeys.load();
    await this.gaps.start();
  }

  /** Friends and their devices are as the server has them. @param mailboxId of its mailboxes */
  async handleLinkUp(mailboxId: Uint8Array): Promise<void> {
    this.#linked = true;
    this.#unmet = mailboxId;
    await this.#meetMailboxes();
    if (!this.#linked) return;
    this.#mailboxKeys.handleLinkUp();
    this.#reader.handleLinkUp();
    this.#control.handleShown();
    await this.#letGo().catch((cause: { readonly code?: string }) => {
      this.#options.ports.log.error({ code: cause?.code ?? 'unknown' }, 'what is to leave could not be read');
    });
    this.#greetings.handleLinkUp();
    await this.delivery.handleLinkUp();
  }

  handleLinkDown(): void {
    this.#linked = false;
    this.#greetings.handleLinkDown();
    this.#mailboxKeys.handleLinkDown();
    this.#reader.handleLinkDown();
    this.delivery.handleLinkDown();
  }

  /** R23: friends may learn again that this device is here: what was kept back toward them goes. */
  handleVisible(): void {
    this.#visibility.handleChanged();
    this.#control.handleShown();
    this.#mailboxKeys.handleVisible();
    this.#reader.handleVisible();
    if (this.#linked) this.#greetings.handleLinkUp();
    const kept = this.#meetMailboxes().then(() => this.delivery.handleLinkUp());
    inBackground(this.#options.ports.log, 'what was kept back could not be read', kept);
  }

  handleInvisible(): void {
    this.#visibility.handleChanged();
  }

  handleMail(frame: FrameOf<'mail'>): void {
    this.#reader.handlePush(frame);
  }

  /** A friend, perhaps again or with other devices. */
  handleFriend(account: AccountNumber): void {
    this.#friendKeys.prepare(account);
    this.delivery.handleFriend(account);
  }

  /** A friend's device has just come (back). */
  handleDeviceOnline(device: DeviceId): void {
    const { book, ports } = this.#options;
    const friend = book.device(device);
    if (friend) this.#friendKeys.prepare(friend.account);
    inBackground(ports.log, 'the outbox could not be read', this.delivery.handleDeviceOnline(device));
  }

  /** The own signed list may be another one: those in it get copies (R19). */
  handleOwnDevices(): void {
    if (!this.#linked) return;
    inBackground(this.#options.ports.log, 'own devices could not be stored', this.#copies.handleDevices());
  }

  /** An own device was revoked, or stolen: what is sealed from now on is for a chain that it never had (R9). */
  renewMailboxKey(): Promise<void> {
    return this.#mailboxKeys.renew();
  }

  stop(): void {
    this.delivery.stop();
    this.#greetings.handleLinkDown();
    this.#reader.stop();
    this.#opener.stop();
    this.#intake.stop();
    this.gaps.stop();
    this.#ownRepair.stop();
    this.#mailboxKeys.stop();
  }

  /** Where they were restored, what was stored there is put again (SV122). */
  async #meetMailboxes(): Promise<void> {
    const { invisible, ports } = this.#options;
    const { store, log } = ports;
    const id = this.#unmet;
    if (!id || invisible()) return;
    this.#unmet = undefined;
    try {
      const changed = await store.meetMailboxes(id);
      if (changed.length > 0) this.#handleChanged(changed);
    } catch (cause) {
      log.error({ code: (cause as { readonly code?: string })?.code ?? 'unknown' }, 'mailboxes could not be noted');
    }
  }

  /** R23: what its user sent while invisible, and what a lost link or a crash kept back, goes. */
  async #letGo(): Promise<void> {
    const { ports, book, invisible } = this.#options;
    if (!invisible()) return;
    for (const chat of await ports.store.chatsWithUndelivered()) {
      for (const { device } of book.devicesOf(chat)) {
        const [first] = await ports.store.unmailedTo(chat, device, 1);
        // With a reason it depends on the friend when it can go, who would see by it that somebody is here.
        if (first?.state === 'queued' && first.reason === '') this.#visibility.handleSent(chat);
      }
    }
  }

  /** States of own messages have changed: own devices are told, too (R19). */
  #handleChanged(changed: readonly StoredMessage[]): void {
    this.#options.onMessages(changed, false);
    this.#copies.handleStates();
  }

  /** What was asked of it in vain is asked anew. */
  #handleReachable(device: DeviceId, news: News = 'there'): void {
    this.gaps.handleReachable(device, news);
    this.#ownRepair.handleReachable(device, news);
  }

  #friendsThere(): readonly AccountNumber[] {
    const { book, invisible } = this.#options;
    const isThere = (status: string) => status !== 'offline' && status !== 'unknown';
    const accounts = book.all().map(({ account }) => account);
    return invisible() ? [] : accounts.filter((account) => isThere(book.presenceOf(account)));
  }

  #otherDevices(devices: MailDevices): readonly Correspondent[] {
    const account = this.#options.account.profile?.account;
    return account === undefined ? [] : devices.devicesOf(account).map(({ device }) => ({ account, device }));
  }

  async #learnDevices(friend: AccountNumber): Promise<boolean> {
    const { account, own, refreshList } = this.#options;
    if (!this.#linked) return false;
    if (friend !== account.profile?.account) return refreshList(friend);
    await own.refresh(friend, account);
    return this.#linked;
  }
}
