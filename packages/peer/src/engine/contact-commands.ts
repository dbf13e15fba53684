import { equalBytes } from '@magpie/common/channel/keys.ts';
import { pinOf } from '@magpie/common/channel/pin.ts';
import type { FrameOf } from '@magpie/common/frames/frame.ts';
import { type AccountNumber, parseAccountNumber } from '@magpie/common/ids.ts';
import { type Invitation, invitationText, isInvitation, parseInvitation } from '@magpie/common/invitation.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Answer, Request, RequestError } from '../server-link/server-connection.ts';
import type { Contact, PeerStore, Profile } from '../store/store.ts';
import type { CommandError } from './command-error.ts';
import { type ContactBook, isSelf } from './contact-book.ts';
import type { ContactView, Engine, LookupView } from './engine.ts';
import { fitsFriendRequest } from './input-limits.ts';
import { requestError } from './link-errors.ts';
import { orStoreFailed } from './store-failure.ts';
import { type ChatState, contactView } from './views.ts';

export interface ContactCommandsOptions {
  readonly book: ContactBook;
  readonly store: PeerStore;
  readonly profile: () => Profile | undefined;
  readonly accountKey: () => Uint8Array;
  readonly request: (request: Request) => Promise<Result<Answer, RequestError>>;
  readonly refreshRoster: () => Promise<void>;
  /** The server has ended it with somebody: so does this profile, before it asks for the row. */
  readonly applyOwn: (before: Contact | undefined, state: 'blocked' | 'removed') => Promise<Result<void, CommandError>>;
  /** The store's rows changed by our own doing. */
  readonly reload: () => Promise<void>;
  readonly chatState: (account: AccountNumber) => ChatState;
}

type Surface = Pick<
  Engine,
  | 'contacts'
  | 'contact'
  | 'addContact'
  | 'lookup'
  | 'answerRequest'
  | 'removeContact'
  | 'blockContact'
  | 'unblockContact'
  | 'invitation'
>;

type FriendLink = Extract<Invitation, { readonly kind: 'friend' }>;

/** The part of the engine's surface that is about friends, requests and blocks. */
export class ContactCommands implements Surface {
  readonly #options: ContactCommandsOptions;

  constructor(options: ContactCommandsOptions) {
    this.#options = options;
  }

  async contacts(): Promise<Result<readonly ContactView[], CommandError>> {
    if (!this.#options.profile()) return err({ code: 'NOT_SIGNED_IN' });
    const contacts = this.#options.book.all().filter(({ state }) => state !== 'removed');
    return ok(contacts.map((contact) => this.view(contact)));
  }

  async contact(who: string): Promise<Result<ContactView, CommandError>> {
    const found = this.find(who);
    return found.ok ? ok(this.view(found.value)) : found;
  }

  addContact(who: string, text: string): Promise<Result<ContactView, CommandError>> {
    return orStoreFailed(async () => {
      const profile = this.#options.profile();
      if (!profile?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
      if (isInvitation(who)) return this.#addByLink(who, text, profile);
      const fits = fitsFriendRequest(who.trim(), text);
      if (!fits.ok) return fits;
      const looked = await this.#lookup(who);
      if (!looked.ok) return looked;
      const { account } = looked.value;
      return this.#command(account, who, { type: 'friend-add', account, text });
    });
  }

  async lookup(who: string): Promise<Result<LookupView, CommandError>> {
    const profile = this.#options.profile();
    if (!profile?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const link = isInvitation(who) ? friendLink(who, profile) : undefined;
    if (link && !link.ok) return link;
    const fits = link ? ok(undefined) : fitsFriendRequest(who.trim(), '');
    if (!fits.ok) return fits;
    const looked = await this.#lookup(link ? String(link.value.account) : who);
    if (!looked.ok) return looked;
    const { account, name, displayName, ask, question } = looked.value;
    return ok({ account, name, displayName, ask, question });
  }

  async answerRequest(who: string, accept: boolean): Promise<Result<ContactView, CommandError>> {
    if (!this.#options.profile()?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const found = this.find(who);
    if (!found.ok) return found;
    const { account } = found.value;
    return this.#command(account, who, { type: 'friend-answer', account, accept }, accept ? undefined : 'removed');
  }

  async removeContact(who: string): Promise<Result<void, CommandError>> {
    if (!this.#options.profile()?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const found = this.find(who);
    if (!found.ok) return found;
    const { account } = found.value;
    const removed = await this.#command(account, who, { type: 'friend-remove', account }, 'removed');
    return removed.ok ? ok(undefined) : removed;
  }

  async blockContact(who: string): Promise<Result<ContactView, CommandError>> {
    if (!this.#options.profile()?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const found = this.find(who);
    if (!found.ok && found.error.code !== 'NOT_FOUND') return found;
    // A stranger, before they ask.
    const known = found.ok ? found : await this.lookup(who);
    if (!known.ok) return known;
    const { account } = known.value;
    return this.#command(account, who, { type: 'block', account }, 'blocked');
  }

  async unblockContact(who: string): Promise<Result<ContactView, CommandError>> {
    if (!this.#options.profile()?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const found = this.find(who);
    if (!found.ok) return found;
    const { account } = found.value;
    return this.#command(account, who, { type: 'unblock', account });
  }

  async invitation(): Promise<Result<{ readonly link: string }, CommandError>> {
    const profile = this.#options.profile();
    if (!profile) return err({ code: 'NOT_SIGNED_IN' });
    const { account, name, serverHost: host, serverPort: port, serverKey } = profile;
    const server = { host, port, pin: pinOf(serverKey) };
    const link = invitationText({ kind: 'friend', server, account, name, accountKey: this.#options.accountKey() });
    return ok({ link });
  }

  /** Anybody in the book but oneself. */
  find(who: string): Result<Contact, CommandError> {
    const profile = this.#options.profile();
    if (!profile) return err({ code: 'NOT_SIGNED_IN' });
    return isSelf(who, profile) ? err({ code: 'SELF' }) : this.#options.book.find(who);
  }

  view(contact: Contact): ContactView {
    return contactView(contact, this.#options.book, this.#options.chatState(contact.account));
  }

  /**
   * ID11: the owner's word for its key goes before the server's, and is pinned before anything is sent; but a pin that
   * counts already only gives way when the user says so of the account itself (`verifyContact`).
   */
  async #addByLink(who: string, text: string, profile: Profile): Promise<Result<ContactView, CommandError>> {
    const link = friendLink(who, profile);
    if (!link.ok) return link;
    const { account, accountKey } = link.value;
    const shown = String(account);
    const fits = fitsFriendRequest(shown, text);
    if (!fits.ok) return fits;
    const looked = await this.#lookup(shown);
    if (!looked.ok) return looked;
    if (!equalBytes(looked.value.accountKey, accountKey)) return err({ code: 'KEY_CHANGED', detail: { who: shown } });
    const pinned = await this.#options.store.pinAccountKey(account, accountKey, true);
    if (!pinned) return err({ code: 'KEY_CHANGED', detail: { who: shown, pinned: 1 } });
    await this.#options.reload();
    return this.#command(account, shown, { type: 'friend-add', account, text });
  }

  async #lookup(who: string): Promise<Result<FrameOf<'account'>, CommandError>> {
    const looked = await this.#options.request({ type: 'lookup', account: who.trim() });
    if (!looked.ok) return err(withWho(requestError(looked.error), who));
    if (looked.value.type !== 'account') return err({ code: 'INTERNAL' });
    const { account, name } = looked.value;
    const asked = who.trim().toLowerCase();
    // Somebody else than was asked for is nobody.
    if (asked !== name && parseAccountNumber(asked) !== account) return err({ code: 'NOT_FOUND', detail: { who } });
    const known = this.#options.book.all().filter((contact) => contact.account === account || contact.name === name);
    const isOne = known.every((contact) => contact.account === account && contact.name === name);
    return isOne ? ok(looked.value) : err({ code: 'AMBIGUOUS', detail: { who } });
  }

  /** @param ends what becomes of somebody with whom this command ends it */
  async #command(
    account: AccountNumber,
    who: string,
    request: Request,
    ends?: 'blocked' | 'removed',
  ): Promise<Result<ContactView, CommandError>> {
    const before = this.#options.book.get(account);
    const answer = await this.#options.request(request);
    if (!answer.ok) return err(withWho(requestError(answer.error), who));
    const ended = ends ? await this.#options.applyOwn(before, ends) : ok(undefined);
    if (!ended.ok) return ended;
    await this.#options.refreshRoster();
    const contact = this.#options.book.get(account);
    // Done there, and not known here: its row is still to come.
    return contact ? ok(this.view(contact)) : err({ code: 'TIMED_OUT', detail: { who } });
  }
}

/** The pin says which server it is; by which name or address it is reached may differ. */
function friendLink(text: string, profile: Profile): Result<FriendLink, CommandError> {
  const link = parseInvitation(text);
  if (link?.kind !== 'friend') return err({ code: 'INVALID_ARGUMENT', detail: { argument: 'link' } });
  const { host, port, pin } = link.server;
  if (pin !== pinOf(profile.serverKey)) {
    return err({ code: 'OTHER_SERVER', detail: { server: `${host}:${port}#${pin}` } });
  }
  return link.account === profile.account ? err({ code: 'SELF' }) : ok(link);
}

function withWho(error: CommandError, who: string): CommandError {
  return { ...error, detail: { who, ...error.detail } };
}
