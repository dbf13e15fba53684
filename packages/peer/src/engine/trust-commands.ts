import { safetyNumber } from '@magpie/common/channel/safety-number.ts';
import { DISPLAY_NAME_BYTES_MAX, DISPLAY_NAME_CODE_POINTS_MAX } from '@magpie/common/limits.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Contact, ContactNotes, PeerStore, Profile } from '../store/store.ts';
import type { CommandError } from './command-error.ts';
import { type ContactBook, hasKey, keyChanged } from './contact-book.ts';
import type { ContactView, Engine, SafetyView, Verdict } from './engine.ts';
import { shortText } from './short-text.ts';
import { orStoreFailed } from './store-failure.ts';

export interface TrustCommandsOptions {
  readonly book: ContactBook;
  readonly store: PeerStore;
  readonly profile: () => Profile | undefined;
  readonly accountKey: () => Uint8Array;
  readonly find: (who: string) => Result<Contact, CommandError>;
  readonly view: (contact: Contact) => ContactView;
  /** The store's rows changed by our own doing. */
  readonly reload: () => Promise<void>;
  /** The user took the key that the account has now: its newest list of devices counts, whatever came before (R6). */
  readonly takeNewestList: (contact: Contact) => Promise<Result<void, CommandError>>;
  /** The user took a key that had changed. */
  readonly onKeyAccepted: (contact: Contact) => void;
  /** Runs while nothing that the server tells is worked in. */
  readonly exclusively: <T>(work: () => Promise<Result<T, CommandError>>) => Promise<Result<T, CommandError>>;
}

type Surface = Pick<Engine, 'setContact' | 'safetyNumber' | 'verifyContact'>;

/** The part of the engine's surface about what only this profile knows of somebody: notes, and whether the key is theirs. */
export class TrustCommands implements Surface {
  readonly #options: TrustCommandsOptions;

  constructor(options: TrustCommandsOptions) {
    this.#options = options;
  }

  setContact(who: string, patch: Parameters<Surface['setContact']>[1]): Promise<Result<ContactView, CommandError>> {
    return orStoreFailed(async () => {
      const found = this.#options.find(who);
      if (!found.ok) return found;
      const notes = notesOf(patch);
      if (!notes.ok) return notes;
      return ok(this.#options.view(await this.#note(found.value, notes.value)));
    });
  }

  async safetyNumber(who: string): Promise<Result<SafetyView, CommandError>> {
    const found = this.#options.find(who);
    if (found.ok && !hasKey(found.value)) return err({ code: 'NOT_FOUND', detail: { who } });
    return found.ok ? ok(this.#safety(found.value)) : found;
  }

  verifyContact(who: string, verdict: Verdict): Promise<Result<SafetyView, CommandError>> {
    return orStoreFailed(async () => {
      const found = this.#options.find(who);
      if (!found.ok) return found;
      const { local } = found.value;
      if (!verdict.matches && !verdict.acceptNewKey) {
        return ok(this.#safety(await this.#note(found.value, { verified: false })));
      }
      const seen = this.#seen(found.value, verdict, who);
      if (!seen.ok) return seen;
      // While it still counts as broken: no device is spoken to by the old list meanwhile.
      const broken = verdict.acceptNewKey && local.listBroken;
      const taken = broken ? await this.#options.takeNewestList(found.value) : ok(undefined);
      if (!taken.ok) return taken;
      return this.#options.exclusively(async () => {
        const contact = this.#current(found.value);
        const still = this.#seen(contact, verdict, who);
        return still.ok ? ok(this.#safety(await this.#agreed(contact, verdict))) : still;
      });
    });
  }

  /** What the user looked at is still what the account shows: a key that came since was never compared with anything. */
  #seen(contact: Contact, { matches, acceptNewKey, digits }: Verdict, who: string): Result<void, CommandError> {
    if (!hasKey(contact)) return err({ code: 'NOT_FOUND', detail: { who } });
    // A number that was compared is that of the new key: it means nothing until that one is taken.
    const changed = matches && !acceptNewKey && keyChanged(contact);
    if (changed || digitsIn(digits) !== digitsIn(this.#safety(contact).digits)) {
      return err({ code: 'KEY_CHANGED', detail: { who } });
    }
    return ok(undefined);
  }

  async #agreed(contact: Contact, { matches, acceptNewKey }: Verdict): Promise<Contact> {
    // Without a pin what was compared would be forgotten, and any key of later would count as it.
    if (!acceptNewKey && contact.pinnedKey.length > 0) return this.#note(contact, { verified: matches });
    await this.#options.store.acceptAccountKey(contact.account, matches);
    await this.#options.reload();
    if (acceptNewKey && keyChanged(contact)) this.#options.onKeyAccepted(contact);
    return this.#current(contact);
  }

  async #note(contact: Contact, notes: Partial<ContactNotes>): Promise<Contact> {
    await this.#options.store.noteContact(contact.account, notes);
    await this.#options.reload();
    return this.#current(contact);
  }

  #current(contact: Contact): Contact {
    return this.#options.book.get(contact.account) ?? contact;
  }

  #safety(contact: Contact): SafetyView {
    const { account } = this.#options.profile()!;
    const digits = safetyNumber({ account, accountKey: this.#options.accountKey() }, contact);
    const view = this.#options.view(contact);
    return { contact: view, digits, verified: view.verified, keyChanged: view.keyChanged };
  }
}

function digitsIn(text: string): string {
  return text.replace(/\D/g, '');
}

/** As long as a display name: they stand in the same column. */
const NOTE_MAX = { codePoints: DISPLAY_NAME_CODE_POINTS_MAX, bytes: DISPLAY_NAME_BYTES_MAX };

function notesOf(patch: Parameters<Surface['setContact']>[1]): Result<Partial<ContactNotes>, CommandError> {
  const remark = shortText(patch.remark ?? '', NOTE_MAX);
  const group = shortText(patch.group ?? '', NOTE_MAX);
  if (!remark.ok) return remark;
  if (!group.ok) return group;
  return ok({
    ...(patch.remark === undefined ? {} : { remark: remark.value }),
    ...(patch.group === undefined ? {} : { group: group.value }),
    ...(patch.neverDirect === undefined ? {} : { neverDirect: patch.neverDirect }),
  });
}
