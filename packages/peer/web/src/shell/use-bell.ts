import type { ContactJson, MessageJson } from '@magpie/common/rpc/schemas.ts';
import type { ViewModel } from '@magpie/common/view/view-model.ts';
import type { ViewHappening } from '@magpie/common/view/view-state.ts';
import { useEffect } from 'react';
import { useViewModel } from '../connection/view.tsx';
import { displayNameOf } from '../people/names.ts';
import { type Text, useLatestText } from '../text/text.tsx';
import { chime } from './chime.ts';
import { commandChat } from './commands.ts';
import { ElectedTab } from './elected-tab.ts';
import { goTo, useNavigation } from './navigation.ts';
import { notificationWords, previewOf } from './notification-words.ts';
import { Paced } from './paced.ts';
import { usePreferences } from './preferences.ts';
import { showChat } from './show-chat.ts';
import { dropToast, showToast } from './toast-list.ts';

/** Between two notifications of one conversation, and two shakes of it: a friend may send thousands. */
const NOTIFY_EVERY_MS = 1_000;
const SHAKE_EVERY_MS = 5_000;

/** Tells of what happens where the person does not look: sound, desktop notification, or a card in the page. */
export function useBell(): void {
  const view = useViewModel();
  const latest = useLatestText();
  useEffect(() => {
    const bell = new Bell(view, () => latest.current);
    bell.start();
    return () => bell.stop();
  }, [view, latest]);
}

class Bell {
  readonly #view: ViewModel;
  readonly #text: () => Text;
  readonly #tab = new ElectedTab();
  /** One per conversation, until it is read anywhere. */
  readonly #shown = new Map<string, Notification>();
  readonly #notifying = new Paced(NOTIFY_EVERY_MS);
  readonly #shaking = new Paced(SHAKE_EVERY_MS);
  #stops: readonly (() => void)[] = [];

  constructor(view: ViewModel, text: () => Text) {
    this.#view = view;
    this.#text = text;
  }

  start(): void {
    this.#tab.start();
    this.#stops = [
      this.#view.onHappening((happening) => this.#handle(happening)),
      this.#view.store.subscribe((now, before) => {
        if (now.contacts !== before.contacts) this.#withdraw(before.contacts, now.contacts);
      }),
    ];
  }

  stop(): void {
    for (const stop of this.#stops) stop();
    this.#tab.stop();
    this.#notifying.stop();
    this.#shaking.stop();
    for (const notification of this.#shown.values()) notification.close();
    this.#shown.clear();
  }

  #handle(happening: ViewHappening): void {
    switch (happening.type) {
      case 'nudge':
        this.#shake(happening.message.chat);
        this.#tellOfMessage(happening.message, happening.contact);
        break;
      case 'message':
        this.#tellOfMessage(happening.message, happening.contact);
        break;
      case 'request':
        this.#tellOfRequest(happening.contact);
        break;
      case 'approval': {
        const { t } = this.#text();
        const words = t(`shell.approval.${happening.outcome}`, { label: happening.label });
        showToast({ about: 'approval', title: t('shell.approval.title'), text: words, open: undefined });
        break;
      }
      case 'notice':
        this.#sound();
        break;
    }
  }

  #tellOfMessage(message: MessageJson, contact: ContactJson | undefined): void {
    if (message.kind === 'system' || this.#isLookedAt(message.chat)) return;
    const { t } = this.#text();
    const who = contact ? displayNameOf(contact) : message.chat;
    const open = () => showChat(this.#view, message.chat);
    this.#sound();
    if (document.hasFocus()) {
      showToast({ about: message.chat, title: who, text: previewOf(message, who, t), open });
      return;
    }
    const { notifications } = usePreferences.getState();
    if (notifications === 'off') return;
    this.#notify(message.chat, notificationWords(notifications, who, message, t), open);
  }

  #tellOfRequest(contact: ContactJson): void {
    const { t } = this.#text();
    const who = displayNameOf(contact);
    const open = () => goTo({ screen: 'none', list: 'requests' });
    const words = t('shell.request.text', { who });
    this.#sound();
    if (document.hasFocus()) {
      showToast({ about: `request ${contact.id}`, title: t('shell.request.title'), text: words, open });
      return;
    }
    const { notifications } = usePreferences.getState();
    const body = notifications === 'nothing' ? '' : words;
    if (notifications !== 'off') this.#notify(contact.id, { title: t('shell.request.title'), body }, open);
  }

  /** Those that come too soon are not made up for. */
  #shake(chat: string): void {
    this.#shaking.run(chat, () => commandChat({ type: 'shake', chat }));
    this.#shaking.drop(chat);
  }

  #notify(about: string, words: { readonly title: string; readonly body: string }, open: () => void): void {
    if (!this.#mayRing() || Notification.permission !== 'granted') return;
    this.#notifying.run(about, () => this.#showNotification(about, words, open));
  }

  #showNotification(
    about: string,
    { title, body }: { readonly title: string; readonly body: string },
    open: () => void,
  ): void {
    if (document.hasFocus()) return;
    // Before, not after: the new one has the same tag, and would be closed instead.
    this.#shown.get(about)?.close();
    const notification = new Notification(title, { body, tag: `magpie ${about}`, icon: '/favicon.svg', silent: true });
    notification.onclick = () => {
      window.focus();
      notification.close();
      open();
    };
    this.#shown.set(about, notification);
  }

  #sound(): void {
    if (usePreferences.getState().sound && this.#mayRing()) chime();
  }

  /** Who is busy wants no ringing; the unread count waits. */
  #mayRing(): boolean {
    return this.#tab.isElected && this.#view.store.getState().presence?.wish !== 'busy';
  }

  #isLookedAt(chat: string): boolean {
    const isOpen = this.#view.store.getState().openChat === chat && useNavigation.getState().screen === 'none';
    return isOpen && document.hasFocus() && document.visibilityState === 'visible';
  }

  /** Read or answered here, in another tab or at the command line: it is no news any more. */
  #withdraw(before: ReadonlyMap<string, ContactJson>, now: ReadonlyMap<string, ContactJson>): void {
    for (const contact of now.values()) {
      const was = before.get(contact.id);
      if (!was || was === contact) continue;
      if (was.unread > 0 && contact.unread === 0) this.#drop(contact.id);
      if (was.state === 'asking' && contact.state !== 'asking') this.#drop(contact.id, `request ${contact.id}`);
    }
  }

  #drop(chat: string, toast = chat): void {
    this.#notifying.drop(chat);
    this.#shown.get(chat)?.close();
    this.#shown.delete(chat);
    dropToast(toast);
  }
}
