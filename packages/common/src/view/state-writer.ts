import type { StoreApi } from 'zustand/vanilla';
import { createStore } from 'zustand/vanilla';
import type { ContactJson } from '../rpc/schemas.ts';
import { sameJson } from './same-json.ts';
import { Touches } from './touches.ts';
import type { Conversation, ViewState } from './view-state.ts';

/** The parts of the state that are maps by account number. */
type MapName = 'contacts' | 'chats' | 'drafts' | 'paths' | 'conversations';
type Entry<N extends MapName> = ViewState[N] extends ReadonlyMap<string, infer V> ? V : never;

const INITIAL_STATE: ViewState = {
  daemon: { state: 'connecting' },
  loaded: false,
  chatsWhole: false,
  status: undefined,
  account: null,
  presence: undefined,
  privacy: undefined,
  contacts: new Map(),
  chats: new Map(),
  drafts: new Map(),
  paths: new Map(),
  notices: [],
  conversations: new Map(),
  openChat: undefined,
};

/**
 * The only one who writes the state. Inside `batch` everything is one change of the store, however many events it is made
 * of; what says the same as before keeps its identity.
 */
export class StateWriter {
  readonly store: StoreApi<ViewState> = createStore<ViewState>(() => INITIAL_STATE);
  /** Of contacts and chats by `set`, and of rows by whoever is told of one. */
  readonly touches = new Touches();
  /** What the state will be after the batch. */
  #next: ViewState = INITIAL_STATE;
  /** Maps that were copied in this batch and may be written. */
  readonly #copied = new Set<MapName>();
  #depth = 0;

  /** With all that this batch has written so far. */
  get state(): ViewState {
    return this.#next;
  }

  batch(write: () => void): void {
    this.#depth++;
    try {
      write();
    } finally {
      this.#depth--;
      if (this.#depth === 0) this.#commit();
    }
  }

  patch(patch: Partial<Omit<ViewState, MapName>>): void {
    const changed = Object.entries(patch).filter(
      ([name, value]) => !sameJson(this.#next[name as keyof ViewState], value),
    );
    if (changed.length === 0) return;
    this.batch(() => {
      this.#next = { ...this.#next, ...Object.fromEntries(changed) };
    });
  }

  /** `undefined` removes the entry. */
  set<N extends MapName>(name: N, id: string, value: Entry<N> | undefined): void {
    this.touches.touch(`${name} ${id}`);
    this.#write(name, id, value);
  }

  /**
   * The whole map as it was read; entries that say the same as before keep their identity, and so does the map.
   * @param mark when the reading began: what was set since is newer and stays
   * @returns false when something stayed, and a later reading would say more
   */
  replace<N extends MapName>(name: N, entries: ReadonlyMap<string, Entry<N>>, mark = this.touches.mark): boolean {
    let isWhole = true;
    this.batch(() => {
      for (const id of new Set([...this.#next[name].keys(), ...entries.keys()])) {
        if (this.touches.isTouchedSince(`${name} ${id}`, mark)) isWhole = false;
        else this.#write(name, id, entries.get(id) as Entry<N> | undefined);
      }
    });
    return isWhole;
  }

  /** What belongs to an account. */
  clearLists(): void {
    this.batch(() => {
      for (const name of ['contacts', 'chats', 'drafts', 'paths'] as const) this.replace(name, new Map());
      this.patch({ notices: [] });
    });
  }

  #write<N extends MapName>(name: N, id: string, value: Entry<N> | undefined): void {
    const before = this.#next[name].get(id);
    if (before === value || (name !== 'conversations' && sameJson(before, value))) return;
    this.batch(() => {
      const map = this.#writable(name);
      if (value === undefined) map.delete(id);
      else map.set(id, value);
    });
  }

  patchContact(id: string, patch: Partial<ContactJson>): void {
    const contact = this.#next.contacts.get(id);
    if (contact) this.set('contacts', id, { ...contact, ...patch });
  }

  conversation(chat: string): Conversation | undefined {
    return this.#next.conversations.get(chat);
  }

  patchConversation(chat: string, patch: Partial<Conversation>): void {
    const before = this.conversation(chat);
    if (!before) return;
    const same = Object.entries(patch).every(([name, value]) => before[name as keyof Conversation] === value);
    if (!same) this.set('conversations', chat, { ...before, ...patch });
  }

  #writable<N extends MapName>(name: N): Map<string, Entry<N>> {
    if (!this.#copied.has(name)) {
      this.#copied.add(name);
      this.#next = { ...this.#next, [name]: new Map(this.#next[name] as ReadonlyMap<string, Entry<N>>) };
    }
    return this.#next[name] as unknown as Map<string, Entry<N>>;
  }

  #commit(): void {
    this.#copied.clear();
    if (this.#next !== this.store.getState()) this.store.setState(this.#next, true);
  }
}
