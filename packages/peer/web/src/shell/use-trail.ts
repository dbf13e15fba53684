import type { ViewModel } from '@magpie/common/view/view-model.ts';
import { useEffect } from 'react';
import { useView, useViewModel } from '../connection/view.tsx';
import { goTo, useNavigation } from './navigation.ts';
import { showOverlay } from './overlay.ts';
import { isSame, type Place, parseTrail, stepTo, type Trail } from './trail.ts';

/** As in `shell.module.css`: one part at a time. */
const NARROW = '(max-width: 699.98px)';
/** A browser that has no such entry (any more) says nothing. */
const RETURN_MS_MAX = 1_000;
/** Conversations that were open for less were passed by; browsers also refuse entries that come too fast. */
const PASSED_BY_MS = 600;

/** The browser's Back and Forward go through the page: to the list, the conversation or the screen before. */
export function useTrail(): void {
  const view = useViewModel();
  // What was open before a reload may be any of them.
  const isWhole = useView((state) => state.chatsWhole);
  useEffect(() => {
    if (!isWhole) return;
    const keeper = new TrailKeeper(view);
    keeper.start();
    return () => keeper.stop();
  }, [view, isWhole]);
}

/** Keeps the browser's history and what is shown in step; addresses never change, and say nothing of the account. */
class TrailKeeper {
  readonly #view: ViewModel;
  #trail: Trail = [];
  /** Asked the browser to go back: what is shown is already the place that it goes to. */
  #isReturning = false;
  #giveUp: ReturnType<typeof setTimeout> | undefined;
  #isDue = false;
  #arrivedAtMs = Number.NEGATIVE_INFINITY;
  #stops: readonly (() => void)[] = [];

  constructor(view: ViewModel) {
    this.#view = view;
  }

  start(): void {
    const kept = parseTrail(history.state);
    // After a reload, where one was.
    if (kept && isSame(this.#shown(), HOME)) this.#show(kept.at(-1)!);
    this.#trail = [...(kept?.slice(0, -1) ?? []), this.#shown()];
    this.#write('replaceState');
    window.addEventListener('popstate', this.#onPop);
    this.#stops = [
      useNavigation.subscribe(this.#look),
      this.#view.store.subscribe((now, before) => {
        if (now.openChat !== before.openChat) this.#look();
      }),
      () => window.removeEventListener('popstate', this.#onPop),
    ];
  }

  stop(): void {
    this.#handleReturned();
    for (const stop of this.#stops) stop();
    this.#stops = [];
  }

  /** What changes in one go is one step. */
  readonly #look = (): void => {
    if (this.#isDue) return;
    this.#isDue = true;
    queueMicrotask(() => {
      this.#isDue = false;
      if (this.#stops.length > 0 && !this.#isReturning) this.#follow();
    });
  };

  #follow(): void {
    if (useNavigation.getState().screen === 'sign-in') return;
    const to = this.#shown();
    const step = stepTo(this.#trail, to, matchMedia(NARROW).matches);
    switch (step.type) {
      case 'stay':
        return;
      case 'back':
        this.#isReturning = true;
        this.#giveUp = setTimeout(this.#handleReturned, RETURN_MS_MAX);
        return history.go(-step.entries);
      case 'push':
        return this.#goOn(step.trail, this.#isPassedBy(to) ? 'replaceState' : 'pushState');
      case 'replace':
        return this.#goOn(step.trail, 'replaceState');
    }
  }

  /** One goes through the conversations by keys, and this is the next one. */
  #isPassedBy(to: Place): boolean {
    const from = this.#trail.at(-1)?.chat;
    const isOther = from !== undefined && to.chat !== undefined && from !== to.chat;
    return isOther && performance.now() - this.#arrivedAtMs < PASSED_BY_MS;
  }

  #goOn(trail: Trail, how: 'pushState' | 'replaceState'): void {
    this.#trail = how === 'pushState' ? trail : [...this.#trail.slice(0, -1), trail.at(-1)!];
    this.#arrivedAtMs = performance.now();
    this.#write(how);
  }

  readonly #onPop = ({ state }: PopStateEvent): void => {
    const trail = parseTrail(state);
    const wasReturning = this.#isReturning;
    this.#handleReturned();
    // A link that was pasted into the address, say: it begins here.
    if (!trail) return this.#write('replaceState');
    this.#trail = trail;
    if (!wasReturning) {
      showOverlay('none');
      this.#show(trail.at(-1)!);
    }
    // Something else was opened while the browser went, or what the entry names is not there any more.
    this.#look();
  };

  readonly #handleReturned = (): void => {
    clearTimeout(this.#giveUp);
    this.#isReturning = false;
  };

  #shown(): Place {
    const { screen, panel } = useNavigation.getState();
    if (screen === 'sign-in') return HOME;
    if (screen !== 'none') return { ...HOME, screen };
    const chat = this.#view.store.getState().openChat;
    return chat === undefined ? HOME : { screen, chat, panel };
  }

  #show({ screen, chat, panel }: Place): void {
    const { openChat, contacts, chats } = this.#view.store.getState();
    if (screen === 'none' && chat !== openChat) {
      if (chat !== undefined && (contacts.has(chat) || chats.has(chat))) this.#view.openChat(chat);
      else this.#view.closeChat();
    }
    goTo({ screen, panel });
  }

  #write(how: 'pushState' | 'replaceState'): void {
    history[how]({ places: this.#trail }, '');
  }
}

const HOME: Place = { screen: 'none', chat: undefined, panel: 'none' };
