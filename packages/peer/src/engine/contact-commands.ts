import type { AccountNumber } from '@magpie/common/ids.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Answer, Request, RequestError } from '../server-link/server-connection.ts';
import type { Contact, MessageRoad, Profile } from '../store/store.ts';
import type { CommandError } from './command-error.ts';
import { type ContactBook, isSelf } from './contact-book.ts';
import type { ContactView, Engine } from './engine.ts';
import { fitsFriendRequest } from './input-limits.ts';
import { requestError } from './link-errors.ts';
import { contactView } from './views.ts';

export interface ContactCommandsOptions {
  readonly book: ContactBook;
  readonly profile: () => Profile | undefined;
  readonly request: (request: Request) => Promise<Result<Answer, RequestError>>;
  readonly refreshRoster: () => Promise<void>;
  readonly roadOf: (account: AccountNumber) => MessageRoad | undefined;
}

type Surface = Pick<Engine, 'contacts' | 'contact' | 'addContact' | 'answerRequest' | 'removeContact'>;

/** The part of the engine's surface that is about friends and requests. */
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

  async addContact(who: string, text: string): Promise<Result<ContactView, CommandError>> {
    if (!this.#options.profile()?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const fits = fitsFriendRequest(who.trim(), text);
    if (!fits.ok) return fits;
    const looked = await this.#options.request({ type: 'lookup', account: who.trim() });
    if (!looked.ok) return err(withWho(requestError(looked.error), who));
    if (looked.value.type !== 'account') return err({ code: 'INTERNAL' });
    const { account } = looked.value;
    return this.#command(account, who, { type: 'friend-add', account, text });
  }

  async answerRequest(who: string, accept: boolean): Promise<Result<ContactView, CommandError>> {
    if (!this.#options.profile()?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const found = this.find(who);
    if (!found.ok) return found;
    const { account } = found.value;
    return this.#command(account, who, { type: 'friend-answer', account, accept });
  }

  async removeContact(who: string): Promise<Result<void, CommandError>> {
    if (!this.#options.profile()?.signedIn) return err({ code: 'NOT_SIGNED_IN' });
    const found = this.find(who);
    if (!found.ok) return found;
    const { account } = found.value;
    const removed = await this.#command(account, who, { type: 'friend-remove', account });
    return removed.ok ? ok(undefined) : removed;
  }

  async #command(account: AccountNumber, who: string, request: Request): Promise<Result<ContactView, CommandError>> {
    const answer = await this.#options.request(request);
    if (!answer.ok) return err(withWho(requestError(answer.error), who));
    await this.#options.refreshRoster();
    const contact = this.#options.book.get(account);
    return contact ? ok(this.view(contact)) : err({ code: 'NOT_FOUND', detail: { who } });
  }

  /** Anybody in the book but oneself. */
  find(who: string): Result<Contact, CommandError> {
    const profile = this.#options.profile();
    if (!profile) return err({ code: 'NOT_SIGNED_IN' });
    return isSelf(who, profile) ? err({ code: 'SELF' }) : this.#options.book.find(who);
  }

  view(contact: Contact): ContactView {
    return contactView(contact, this.#options.book.presenceOf(contact.account), this.#options.roadOf(contact.account));
  }
}

function withWho(error: CommandError, who: string): CommandError {
  return { ...error, detail: { who, ...error.detail } };
}
