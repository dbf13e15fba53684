import type { AccountName, AccountNumber, DeviceId, Incarnation, MessageId } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { WallMs } from '@magpie/common/time.ts';
import { type CommandError, noSuchMessage } from '../engine/command-error.ts';
import type {
  ContactView,
  DraftView,
  Engine,
  LookupView,
  MessageView,
  NoticeView,
  PathView,
  PresenceView,
  PrivacyView,
} from '../engine/engine.ts';
import { FakeAccount } from './test-fake-account.ts';
import { pathOf, safetyOf } from './test-fake-views.ts';

/** An engine without network or disk: one account, a few contacts, messages in a list. */
export class FakeEngine extends FakeAccount implements Engine {
  readonly people = new Map<string, ContactView>();
  readonly log: MessageView[] = [];
  dropping = false;
  /** How often a person did something. */
  activities = 0;
  neverDirect = false;
  ownPresence: PresenceView = { status: 'online', text: '', wish: 'online', autoAwayMs: 600_000 };
  noticeList: NoticeView[] = [];
  readonly draftTexts = new Map<AccountNumber, DraftView>();
  ownPrivacy: PrivacyView = { sendTyping: true, sendReadReceipts: true };
  /** Strangers a look-up finds, by name. */
  readonly strangers = new Map<string, LookupView>();
  async contacts() {
    return this.did('contacts', {}, () => [...this.people.values()]);
  }

  async contact(who: string): Promise<Result<ContactView, CommandError>> {
    const found = [...this.people.values()].find((each) => each.name === who || String(each.account) === who);
    return found ? ok(found) : err({ code: 'NOT_FOUND' });
  }

  async addContact(who: string, text: string) {
    return this.did('addContact', { who, text }, () => this.person(10_009, who, 'asked'));
  }

  async answerRequest(who: string, accept: boolean) {
    const found = await this.contact(who);
    if (!found.ok) return found;
    return this.did('answerRequest', { who, accept }, () => this.person(found.value.account, who, 'member'));
  }

  async removeContact(who: string) {
    const found = await this.contact(who);
    return found.ok ? this.did('removeContact', { who }, () => undefined) : found;
  }

  async lookup(who: string): Promise<Result<LookupView, CommandError>> {
    const found = this.strangers.get(who);
    return found ? this.did('lookup', { who }, () => found) : err({ code: 'NOT_FOUND', refusal: 'not-found' });
  }

  async blockContact(who: string) {
    return this.did('blockContact', { who }, () =>
      this.person(this.people.get(who)?.account ?? 10_009, who, 'blocked'),
    );
  }

  async unblockContact(who: string) {
    return this.did('unblockContact', { who }, () =>
      this.person(this.people.get(who)?.account ?? 10_009, who, 'removed'),
    );
  }

  async setContact(
    who: string,
    patch: Parameters<Engine['setContact']>[1],
  ): Promise<Result<ContactView, CommandError>> {
    const found = await this.contact(who);
    if (!found.ok) return found;
    return this.did('setContact', { who, ...patch }, () => {
      const { remark = found.value.remark, group = found.value.group } = patch;
      const changed = { ...found.value, remark, group, neverDirect: patch.neverDirect ?? found.value.neverDirect };
      this.people.set(found.value.name, changed);
      return changed;
    });
  }

  async safetyNumber(who: string) {
    const found = await this.contact(who);
    return found.ok ? this.did('safetyNumber', { who }, () => safetyOf(found.value)) : found;
  }

  async verifyContact(who: string, verdict: Parameters<Engine['verifyContact']>[1]) {
    const found = await this.contact(who);
    if (!found.ok) return found;
    if (verdict.digits !== safetyOf(found.value).digits) return err<CommandError>({ code: 'KEY_CHANGED' });
    return this.did('verifyContact', { who, ...verdict }, () => {
      const keyChanged = found.value.keyChanged && !verdict.acceptNewKey;
      const changed = { ...found.value, keyChanged, verified: verdict.matches };
      this.people.set(found.value.name, changed);
      return safetyOf(changed);
    });
  }

  async presence() {
    return ok(this.ownPresence);
  }

  async setPresence(wish: Parameters<Engine['setPresence']>[0], text?: string) {
    const status = wish === 'invisible' ? 'offline' : wish;
    return this.did('setPresence', { status: wish, text }, () => {
      this.ownPresence = { ...this.ownPresence, status, wish, text: text ?? this.ownPresence.text };
      return this.ownPresence;
    });
  }

  async setAutoAway(afterMs: number) {
    return this.did('setAutoAway', { afterMs }, () => {
      this.ownPresence = { ...this.ownPresence, autoAwayMs: afterMs };
      return this.ownPresence;
    });
  }

  noteActivity(): void {
    this.activities++;
  }

  async setNeverDirect(on: boolean) {
    return this.did('setNeverDirect', { on }, () => {
      this.neverDirect = on;
    });
  }

  async notices(limit: number) {
    return this.did('notices', { limit }, () => this.noticeList.slice(0, limit));
  }

  async dismissNotice(id: number): Promise<Result<NoticeView, CommandError>> {
    const found = this.noticeList.find((notice) => notice.id === id);
    if (!found) return err({ code: 'NOT_FOUND', detail: { who: String(id) } });
    return this.did('dismissNotice', { id }, () => {
      const notice = { ...found, dismissed: true };
      this.noticeList = this.noticeList.map((each) => (each.id === id ? notice : each));
      this.emit({ type: 'notice', notice });
      return notice;
    });
  }

  async send(input: Parameters<Engine['send']>[0]): Promise<Result<MessageView, CommandError>> {
    const to = await this.contact(input.to);
    if (!to.ok) return to;
    return this.did('send', input, () => {
      const message = this.message_(to.value.account, 'out', input.text, input.id);
      return input.replyTo ? this.change(message, { replyTo: input.replyTo }) : message;
    });
  }

  async nudge(who: string): Promise<Result<MessageView, CommandError>> {
    const to = await this.contact(who);
    if (!to.ok) return to;
    return this.did('nudge', { to: who }, () => this.message_(to.value.account, 'out', '', undefined, 'nudge'));
  }

  async editMessage(id: MessageId, text: string): Promise<Result<MessageView, CommandError>> {
    return this.#changed('editMessage', { id, text }, (message) => ({
      text,
      editedAt: message.stamp.wallMs,
      pendingChanges: message.pendingChanges + 1,
    }));
  }

  async recallMessage(id: MessageId): Promise<Result<MessageView, CommandError>> {
    return this.#changed('recallMessage', { id }, () => ({ text: '', recalled: true }));
  }

  async react(id: MessageId, emoji: string, on: boolean): Promise<Result<MessageView, CommandError>> {
    return this.#changed('react', { id, emoji, on }, ({ reactions }) => {
      const others = reactions.filter((each) => !each.mine || each.emoji !== emoji);
      return { reactions: on ? [...others, { emoji, mine: true }] : others };
    });
  }

  async setTyping(chat: string, active: boolean) {
    return this.did('setTyping', { chat, active }, () => undefined);
  }

  async chats({ limit, after }: Parameters<Engine['chats']>[0]) {
    const accounts = [...new Set([...this.log].reverse().map(({ chat }) => chat))];
    const from = after === undefined ? 0 : accounts.indexOf(after) + 1;
    return this.did('chats', { limit, after }, () =>
      accounts.slice(from, from + limit).map((account) => {
        const unread = this.log.filter((each) => each.chat === account && each.state === 'delivered');
        const last = this.log.findLast((each) => each.chat === account)!;
        return { account, last, unread: unread.length, firstUnread: unread[0]?.id };
      }),
    );
  }

  async search(input: Parameters<Engine['search']>[0]) {
    const found = this.log.filter((each) => each.text.includes(input.text)).reverse();
    return this.did('search', input, () => found.slice(0, input.limit));
  }

  async deleteMessages(input: Parameters<Engine['deleteMessages']>[0]) {
    return this.did('deleteMessages', input, () => ({ deleted: input.ids?.length ?? this.log.length }));
  }

  async exportPage({ chat, after, limit }: Parameters<Engine['exportPage']>[0]) {
    const found = chat === undefined ? undefined : await this.contact(chat);
    if (found && !found.ok) return found;
    const rows = this.log.filter((each) => each.born > after && (!found || each.chat === found.value.account));
    return this.did('exportPage', { chat, after, limit }, () => rows.slice(0, limit));
  }

  async draft(chat: string): Promise<Result<DraftView, CommandError>> {
    const found = await this.contact(chat);
    if (!found.ok) return found;
    const { account } = found.value;
    return ok(this.draftTexts.get(account) ?? { account, text: '', replyTo: undefined, at: undefined });
  }

  async drafts() {
    return ok([...this.draftTexts.values()]);
  }

  async setDraft(chat: string, text: string, replyTo?: MessageId): Promise<Result<DraftView, CommandError>> {
    const found = await this.contact(chat);
    if (!found.ok) return found;
    const { account } = found.value;
    return this.did('setDraft', { chat, text, replyTo }, () => {
      const draft: DraftView =
        text === ''
          ? { account, text, replyTo: undefined, at: undefined }
          : { account, text, replyTo, at: 1_760_000_000_000 as WallMs };
      if (text === '') this.draftTexts.delete(account);
      else this.draftTexts.set(account, draft);
      this.emit({ type: 'draft', draft });
      return draft;
    });
  }

  async privacy() {
    return this.ownPrivacy;
  }

  async setPrivacy(patch: Partial<PrivacyView>) {
    return this.did('setPrivacy', patch, () => {
      this.ownPrivacy = { ...this.ownPrivacy, ...patch };
      return this.ownPrivacy;
    });
  }

  async messages(input: Parameters<Engine['messages']>[0]) {
    const chat = await this.contact(input.chat);
    if (!chat.ok) return chat;
    const all = this.log.filter((each) => each.chat === chat.value.account);
    const indexOf = (id: string | undefined) => all.findIndex((each) => each.id === id);
    const end = input.before ? indexOf(input.before) : all.length;
    const middle = indexOf(input.around);
    const page = input.around
      ? all.slice(Math.max(0, middle - Math.floor(input.limit / 2)), middle + Math.ceil(input.limit / 2))
      : input.after
        ? all.slice(indexOf(input.after) + 1, indexOf(input.after) + 1 + input.limit)
        : all.slice(Math.max(0, end - input.limit), end);
    return this.did('messages', input, () => page);
  }

  async message(id: MessageId): Promise<Result<MessageView, CommandError>> {
    const found = this.log.find((each) => each.id === id);
    return found ? ok(found) : noSuchMessage(id);
  }

  async markRead(chat: string, upTo?: MessageId) {
    return this.did('markRead', { chat, upTo }, () => ({ changed: 2 }));
  }

  async changesSince(cursor: number, limit: number) {
    return this.log.filter((each) => each.change > cursor).slice(0, limit);
  }

  async cursor() {
    return this.log.at(-1)?.change ?? 0;
  }

  async status() {
    return {
      account: this.account,
      server: { state: 'connected' as const, rttMs: 9, lastError: undefined, retryAt: undefined },
      presence: 'online' as const,
      wish: this.ownPresence.wish,
      neverDirect: this.neverDirect,
      recoveryUnseen: this.recoveryUnseen,
      peers: { direct: 1, relay: 0, offline: 1 },
      unread: { chats: 1, messages: 2 },
      storage: { messages: 1_203, bytes: 3_400_000 },
      udp: {
        enabled: true,
        port4: 40_001,
        port6: undefined,
        datagramsSent: 5,
        datagramsReceived: 6,
        datagramsDropped: 0,
        dropping: this.dropping,
        reflexive: ['192.0.2.1:40001'],
      },
    };
  }

  async paths(who?: string): Promise<Result<readonly PathView[], CommandError>> {
    const people = who === undefined ? ok([...this.people.values()]) : await this.contact(who);
    if (!people.ok) return people;
    const list = 'account' in people.value ? [people.value] : people.value;
    return ok(list.map((each) => pathOf(each)));
  }

  setDropUdp(drop: boolean): void {
    this.dropping = drop;
  }

  /** Adds a contact. */
  person(account: number, name: string, state: ContactView['state'], displayName = name): ContactView {
    const view: ContactView = {
      account: account as AccountNumber,
      name: name as AccountName,
      displayName,
      state,
      presence: state === 'member' ? 'online' : 'unknown',
      path: state === 'member' ? { kind: 'direct', lan: false, rttMs: 12.4 } : undefined,
      unread: 0,
      text: state === 'asking' ? 'hello' : '',
      keyChanged: false,
      listBroken: false,
      verified: false,
      signatureLine: '',
      statusText: '',
      remark: '',
      group: '',
      neverDirect: false,
      lastSeenAt: undefined,
      missing: 0,
      typing: false,
    };
    this.people.set(name, view);
    return view;
  }

  /** Adds a message and tells the listeners. */
  message_(
    chat: number,
    direction: 'in' | 'out',
    text: string,
    id?: MessageId,
    kind: MessageView['kind'] = 'text',
  ): MessageView {
    const number = this.log.length + 1;
    const view: MessageView = {
      id: id ?? (number.toString(16).padStart(32, '0') as MessageId),
      chat: chat as AccountNumber,
      from: (direction === 'in' ? chat : 10_001) as AccountNumber,
      direction,
      device: 'd'.repeat(32) as DeviceId,
      incarnation: 'e'.repeat(16) as Incarnation,
      sequence: number,
      stamp: { wallMs: (1_760_000_000_000 + number * 1_000) as WallMs, counter: 0 },
      kind,
      text,
      replyTo: undefined,
      target: undefined,
      on: false,
      state: direction === 'in' ? 'delivered' : 'queued',
      reason: '',
      road: undefined,
      editedAt: undefined,
      recalled: false,
      reactions: [],
      pendingChanges: 0,
      returned: false,
      change: number,
      born: number,
    };
    this.log.push(view);
    this.emit({ type: 'message', message: view, isNew: true });
    return view;
  }

  /** Changes a message, as a receipt or a refusal does. */
  change(message: MessageView, patch: Partial<MessageView>): MessageView {
    const changed = { ...message, ...patch, change: (this.log.at(-1)?.change ?? 0) + 1_000 };
    this.log.splice(this.log.indexOf(message), 1);
    this.log.push(changed);
    this.emit({ type: 'message', message: changed, isNew: false });
    return changed;
  }

  #changed(
    name: string,
    input: { readonly id: MessageId; readonly [key: string]: unknown },
    patch: (message: MessageView) => Partial<MessageView>,
  ): Result<MessageView, CommandError> {
    const found = this.log.find((each) => each.id === input.id);
    if (!found) return noSuchMessage(input.id);
    return this.did(name, input, () => this.change(found, patch(found)));
  }
}
