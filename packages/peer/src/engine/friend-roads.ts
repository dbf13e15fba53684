import type { AccountNumber, DeviceId } from '@magpie/common/ids.ts';
import type { Contact, MessageRoad } from '../store/store.ts';
import type { ContactBook } from './contact-book.ts';
import type { PathView } from './engine.ts';
import { pathView } from './path-view.ts';
import type { PeerSessions } from './peer-sessions.ts';

export interface FriendRoadsOptions {
  readonly book: ContactBook;
  readonly sessions: PeerSessions;
  readonly linkUp: () => boolean;
  readonly neverDirect: (account: AccountNumber) => boolean;
  readonly onPath: (path: PathView) => void;
}

/** By which road each friend is reached right now, and who is told of a change. */
export class FriendRoads {
  readonly #options: FriendRoadsOptions;

  constructor(options: FriendRoadsOptions) {
    this.#options = options;
  }

  ofDevice(device: DeviceId): MessageRoad | undefined {
    const road = this.#options.sessions.session(device)?.road;
    return road?.kind === 'relay' && !this.#options.linkUp() ? undefined : road;
  }

  of(account: AccountNumber): MessageRoad | undefined {
    const devices = this.#options.book.devicesOf(account);
    return devices.map(({ device }) => this.ofDevice(device)).find((road) => road !== undefined);
  }

  view(contact: Contact): PathView {
    const { book, sessions, linkUp, neverDirect } = this.#options;
    const { account } = contact;
    return pathView(contact, book.devicesOf(account), sessions, linkUp(), neverDirect(account));
  }

  emit(device: DeviceId): void {
    const { book, onPath } = this.#options;
    const account = book.device(device)?.account;
    const contact = account === undefined ? undefined : book.get(account);
    if (contact) onPath(this.view(contact));
  }

  emitAll(): void {
    for (const device of this.#options.sessions.devices()) this.emit(device);
  }

  /** The link came or went, and with it the relay. */
  emitRelayed(): void {
    const { sessions } = this.#options;
    for (const device of sessions.devices()) {
      if (sessions.session(device)?.route.kind === 'relay') this.emit(device);
    }
  }
}
