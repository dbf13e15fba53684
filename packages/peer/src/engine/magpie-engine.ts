import type { MessageId } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import { sleep } from '@magpie/common/time.ts';
import { CLOSE_GOODBYE } from '../session/session.ts';
import type { PresenceWish } from '../store/store.ts';
import type { CommandError } from './command-error.ts';
import type {
  DraftView,
  Engine,
  EngineEvent,
  LoginInput,
  MessageView,
  PathView,
  PrivacyView,
  RegisterInput,
  StatusView,
} from './engine.ts';
import { EngineParts } from './engine-parts.ts';
import { GOODBYE_MS } from './limits.ts';
import type { EngineOptions, EnginePorts } from './ports.ts';
import { orStoreFailed } from './store-failure.ts';
import { accountView, friendCounts } from './views.ts';

/** The one surface that faces use: passes commands to the parts that keep them; holds no rule of its own. */
export class MagpieEngine implements Engine {
  readonly #parts: EngineParts;
  readonly #options: EngineOptions;
  #stopping: Promise<void> | undefined;

  constructor(ports: EnginePorts, options: EngineOptions) {
    this.#parts = new EngineParts(ports);
    this.#options = options;
  }

  async start(): Promise<void> {
    const { gate, ports, policy, presence, messaging, reachability, book, stampRenewal, account } = this.#parts;
    const settings = await ports.store.settings();
    presence.load(settings);
    policy.load(settings);
    messaging.privacy.load(settings);
    if (this.#options.udp) await gate.open(ports.udp, this.#options.udpPort, ports.log);
    reachability.start();
    book.load(await ports.store.contacts());
    messaging.systemNotes.load(book.all());
    const profile = await ports.store.profile();
    if (profile) await stampRenewal.start(profile.stampReserved);
    await this.#parts.delivery.start();
    await account.start(presence.wish === 'offline' ? 'down' : 'up');
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    const { stampRenewal, presence, delivery, sessions, account, reachability, ports, gate } = this.#parts;
    stampRenewal.stop();
    presence.stop();
    delivery.stop();
    sessions.closeAll(CLOSE_GOODBYE);
    await account.disconnect();
    reachability.stop();
    // Datagrams and the goodbye to the server leave before the sockets close.
    await sleep(ports.clock, GOODBYE_MS);
    gate.close();
    await ports.store.close();
  }

  subscribe(listener: (event: EngineEvent) => void): () => void {
    return this.#parts.bus.subscribe(listener);
  }

  register(input: RegisterInput, signal?: AbortSignal): ReturnType<Engine['register']> {
    return this.#parts.commands.register(input, signal);
  }

  login(input: LoginInput, signal?: AbortSignal): ReturnType<Engine['login']> {
    return this.#parts.commands.login(input, signal);
  }

  logout(): ReturnType<Engine['logout']> {
    return this.#parts.commands.logout();
  }

  whoami(): ReturnType<Engine['whoami']> {
    return this.#parts.commands.whoami();
  }

  changePassword(oldPassword: string, newPassword: string): ReturnType<Engine['changePassword']> {
    return this.#parts.commands.changePassword(oldPassword, newPassword);
  }

  setProfile(patch: Parameters<Engine['setProfile']>[0]): ReturnType<Engine['setProfile']> {
    return this.#parts.commands.setProfile(patch);
  }

  policy(): ReturnType<Engine['policy']> {
    return this.#parts.commands.policy();
  }

  setPolicy(patch: Parameters<Engine['setPolicy']>[0]): ReturnType<Engine['setPolicy']> {
    return this.#parts.commands.setPolicy(patch);
  }

  devices(): ReturnType<Engine['devices']> {
    return this.#parts.commands.devices();
  }

  revokeDevice(device: string): ReturnType<Engine['revokeDevice']> {
    return this.#parts.commands.revokeDevice(device);
  }

  offerApproval(): ReturnType<Engine['offerApproval']> {
    return this.#parts.commands.offerApproval();
  }

  withdrawApproval(code: string): ReturnType<Engine['withdrawApproval']> {
    return this.#parts.commands.withdrawApproval(code);
  }

  renewRecovery(): ReturnType<Engine['renewRecovery']> {
    return this.#parts.commands.renewRecovery();
  }

  recoveryKept(): ReturnType<Engine['recoveryKept']> {
    return this.#parts.commands.recoveryKept();
  }

  deleteAccount(password: string): ReturnType<Engine['deleteAccount']> {
    return this.#parts.commands.deleteAccount(password);
  }

  contacts(): ReturnType<Engine['contacts']> {
    return this.#parts.contacts.contacts();
  }

  contact(who: string): ReturnType<Engine['contact']> {
    return this.#parts.contacts.contact(who);
  }

  addContact(who: string, text: string): ReturnType<Engine['addContact']> {
    return this.#parts.contacts.addContact(who, text);
  }

  answerRequest(who: string, accept: boolean): ReturnType<Engine['answerRequest']> {
    return this.#parts.contacts.answerRequest(who, accept);
  }

  removeContact(who: string): ReturnType<Engine['removeContact']> {
    return this.#parts.contacts.removeContact(who);
  }

  lookup(who: string): ReturnType<Engine['lookup']> {
    return this.#parts.contacts.lookup(who);
  }

  blockContact(who: string): ReturnType<Engine['blockContact']> {
    return this.#parts.contacts.blockContact(who);
  }

  unblockContact(who: string): ReturnType<Engine['unblockContact']> {
    return this.#parts.contacts.unblockContact(who);
  }

  setContact(who: string, patch: Parameters<Engine['setContact']>[1]): ReturnType<Engine['setContact']> {
    return this.#parts.trust.setContact(who, patch);
  }

  safetyNumber(who: string): ReturnType<Engine['safetyNumber']> {
    return this.#parts.trust.safetyNumber(who);
  }

  verifyContact(who: string, verdict: Parameters<Engine['verifyContact']>[1]): ReturnType<Engine['verifyContact']> {
    return this.#parts.trust.verifyContact(who, verdict);
  }

  invitation(): ReturnType<Engine['invitation']> {
    return this.#parts.contacts.invitation();
  }

  async presence(): ReturnType<Engine['presence']> {
    if (!this.#parts.account.profile) return err({ code: 'NOT_SIGNED_IN' });
    return ok(this.#parts.presence.view());
  }

  setPresence(wish: PresenceWish, text?: string): ReturnType<Engine['setPresence']> {
    return this.#parts.presence.set(wish, text);
  }

  setAutoAway(afterMs: number): ReturnType<Engine['setAutoAway']> {
    return this.#parts.presence.setAutoAway(afterMs);
  }

  noteActivity(): void {
    this.#parts.presence.handleActivity();
  }

  setNeverDirect(on: boolean): ReturnType<Engine['setNeverDirect']> {
    return orStoreFailed(async () => ok(await this.#parts.policy.setNever(on)));
  }

  notices(limit: number): ReturnType<Engine['notices']> {
    return orStoreFailed(async () => ok(await this.#parts.notices.newest(limit)));
  }

  dismissNotice(id: number): ReturnType<Engine['dismissNotice']> {
    return orStoreFailed(() => this.#parts.notices.dismiss(id));
  }

  send(input: Parameters<Engine['send']>[0]): ReturnType<Engine['send']> {
    return this.#parts.messaging.messages.send(input);
  }

  nudge(to: string): ReturnType<Engine['nudge']> {
    return this.#parts.messaging.messages.nudge(to);
  }

  editMessage(id: MessageId, text: string): ReturnType<Engine['editMessage']> {
    return this.#parts.messaging.changes.editMessage(id, text);
  }

  recallMessage(id: MessageId): ReturnType<Engine['recallMessage']> {
    return this.#parts.messaging.changes.recallMessage(id);
  }

  react(id: MessageId, emoji: string, on: boolean): ReturnType<Engine['react']> {
    return this.#parts.messaging.changes.react(id, emoji, on);
  }

  setTyping(chat: string, active: boolean): ReturnType<Engine['setTyping']> {
    return this.#parts.messaging.messages.setTyping(chat, active);
  }

  chats(input: Parameters<Engine['chats']>[0]): ReturnType<Engine['chats']> {
    return this.#parts.messaging.history.chats(input);
  }

  search(input: Parameters<Engine['search']>[0]): ReturnType<Engine['search']> {
    return this.#parts.messaging.history.search(input);
  }

  deleteMessages(input: Parameters<Engine['deleteMessages']>[0]): ReturnType<Engine['deleteMessages']> {
    return this.#parts.messaging.history.deleteMessages(input);
  }

  exportPage(input: Parameters<Engine['exportPage']>[0]): ReturnType<Engine['exportPage']> {
    return this.#parts.messaging.history.exportPage(input);
  }

  draft(chat: string): ReturnType<Engine['draft']> {
    return this.#parts.messaging.drafts.draft(chat);
  }

  drafts(): Promise<Result<readonly DraftView[], CommandError>> {
    return this.#parts.messaging.drafts.drafts();
  }

  setDraft(chat: string, text: string, replyTo?: MessageId): ReturnType<Engine['setDraft']> {
    return this.#parts.messaging.drafts.setDraft(chat, text, replyTo);
  }

  async privacy(): Promise<PrivacyView> {
    return this.#parts.messaging.privacy.view();
  }

  setPrivacy(patch: Partial<PrivacyView>): ReturnType<Engine['setPrivacy']> {
    return this.#parts.messaging.privacy.set(patch);
  }

  messages(input: Parameters<Engine['messages']>[0]): ReturnType<Engine['messages']> {
    return this.#parts.messaging.messages.messages(input);
  }

  message(id: MessageId): ReturnType<Engine['message']> {
    return this.#parts.messaging.messages.message(id);
  }

  markRead(chat: string, upTo?: MessageId): ReturnType<Engine['markRead']> {
    return this.#parts.messaging.messages.markRead(chat, upTo);
  }

  changesSince(cursor: number, limit: number): Promise<readonly MessageView[]> {
    return this.#parts.messaging.messages.changesSince(cursor, limit);
  }

  cursor(): Promise<number> {
    return this.#parts.messaging.messages.cursor();
  }

  async status(): Promise<StatusView> {
    const { profile } = this.#parts.account;
    const friends = this.#parts.book.all().filter(({ state }) => state === 'member');
    return {
      account: profile && accountView(profile, this.#parts.keys.device),
      server: this.#parts.account.status,
      presence: this.#parts.presence.shown,
      wish: this.#parts.presence.wish,
      neverDirect: this.#parts.policy.never,
      recoveryUnseen: this.#parts.account.recoveryUnseen,
      ...friendCounts(friends, (account) => this.#parts.roads.of(account)?.kind, this.#parts.book),
      storage: await this.#parts.ports.store.storage(),
      udp: this.#parts.gate.view(this.#parts.reachability.reflexive),
    };
  }

  async paths(who?: string): Promise<Result<readonly PathView[], CommandError>> {
    if (!this.#parts.account.profile) return err({ code: 'NOT_SIGNED_IN' });
    if (who === undefined) {
      const friends = this.#parts.book.all().filter(({ state }) => state === 'member');
      return ok(friends.map((contact) => this.#parts.roads.view(contact)));
    }
    const found = this.#parts.book.findFriend(who);
    return found.ok ? ok([this.#parts.roads.view(found.value)]) : found;
  }

  setDropUdp(drop: boolean): void {
    this.#parts.gate.dropping = drop;
  }
}
