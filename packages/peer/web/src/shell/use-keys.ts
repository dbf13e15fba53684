import { isImeEvent } from '@magpie/common/view/ime.ts';
import type { ViewModel } from '@magpie/common/view/view-model.ts';
import { type RefObject, useEffect } from 'react';
import { tinykeys } from 'tinykeys';
import { useViewModel } from '../connection/view.tsx';
import { chatsByNewest, neighbourChat } from './chat-order.ts';
import { commandChat } from './commands.ts';
import { goTo, useNavigation } from './navigation.ts';
import { showOverlay, useOverlay } from './overlay.ts';
import { usePreferences } from './preferences.ts';
import { showChat } from './show-chat.ts';

/** The places that Ctrl+F6 goes through. */
export interface Regions {
  readonly nav: RefObject<HTMLElement | null>;
  readonly main: RefObject<HTMLElement | null>;
  readonly aside: RefObject<HTMLElement | null>;
}

type Handler = (event: KeyboardEvent) => void;

/** The keyboard map of the whole page. What belongs to the conversation goes to it as a command. */
export function useKeys({ nav, main, aside }: Regions): void {
  const view = useViewModel();
  useEffect(() => {
    const regions: Regions = { nav, main, aside };
    /** @param act false: not done after all, so the browser may have the key */
    const key =
      (act: (event: KeyboardEvent) => unknown): Handler =>
      (event) => {
        if (event.defaultPrevented || isImeEvent(event) || hadPopup) return;
        if (act(event) !== false) event.preventDefault();
      };
    const stop = tinykeys(
      window,
      {
        '$mod+k': (event) => {
          if (isImeEvent(event) || (hadPopup && useOverlay.getState().name !== 'switcher')) return;
          event.preventDefault();
          showOverlay(useOverlay.getState().name === 'switcher' ? 'none' : 'switcher');
        },
        'Alt+ArrowDown': key(() => step(view, 1, false)),
        'Alt+ArrowUp': key(() => step(view, -1, false)),
        'Alt+Shift+ArrowDown': key(() => step(view, 1, true)),
        'Alt+Shift+ArrowUp': key(() => step(view, -1, true)),
        '$mod+f': key(() => find(view)),
        '$mod+Shift+f': key(() => goTo({ screen: 'search', query: '', panel: 'none' })),
        '$mod+End': key(() => commandChat({ type: 'jump-to-end' })),
        'Shift+PageUp': key(() => commandChat({ type: 'jump-to-unread' })),
        '$mod+.': key(() => togglePanel(view)),
        'Control+F6': key(() => nextRegion(regions)),
        '$mod+/': key(() => showOverlay('keys')),
        Escape: key(() => stepBack(view)),
      },
      { ignore: () => false },
    );
    const letters = (event: KeyboardEvent) => handleLetter(event, regions);
    window.addEventListener('keydown', notePopup, true);
    window.addEventListener('keydown', letters);
    return () => {
      stop();
      window.removeEventListener('keydown', notePopup, true);
      window.removeEventListener('keydown', letters);
    };
  }, [view, nav, main, aside]);
}

function step(view: ViewModel, by: 1 | -1, onlyUnread: boolean): boolean {
  const { chats, contacts, openChat } = view.store.getState();
  const next = neighbourChat(chatsByNewest(chats), openChat, by, onlyUnread ? contacts : undefined);
  if (next !== undefined) showChat(view, next);
  return true;
}

/** A second Ctrl+F, in the panel's field, is the browser's. */
function find(view: ViewModel): boolean {
  const { panel, screen } = useNavigation.getState();
  if (view.store.getState().openChat === undefined || screen !== 'none') return false;
  if (panel === 'find' && document.activeElement instanceof HTMLInputElement) return false;
  goTo({ panel: 'find' });
  commandChat({ type: 'find' });
  return true;
}

function togglePanel(view: ViewModel): boolean {
  if (view.store.getState().openChat === undefined) return false;
  goTo({ screen: 'none', panel: useNavigation.getState().panel === 'about' ? 'none' : 'about' });
  return true;
}

/** The Esc ladder: what the conversation can leave, the panel, the screen, then its end. */
function stepBack(view: ViewModel): boolean {
  if (commandChat({ type: 'escape' })) return true;
  const { panel, screen } = useNavigation.getState();
  if (panel !== 'none') goTo({ panel: 'none' });
  else if (screen !== 'none') goTo({ screen: 'none' });
  else if (view.store.getState().openChat !== undefined) commandChat({ type: 'jump-to-end' });
  else return false;
  return true;
}

/** The list, the conversation, the composer, the panel; whatever is not there is left out. */
function nextRegion({ nav, main, aside }: Regions): boolean {
  const active = document.activeElement;
  const isInField = active instanceof HTMLTextAreaElement;
  const stops: readonly { readonly isHere: boolean; readonly go: () => boolean }[] = [
    { isHere: nav.current?.contains(active) ?? false, go: () => focusIn(nav.current) },
    {
      isHere: (main.current?.contains(active) ?? false) && !isInField,
      go: () => commandChat({ type: 'focus-log' }) || focusIn(main.current),
    },
    { isHere: isInField, go: () => commandChat({ type: 'focus-composer' }) },
    { isHere: aside.current?.contains(active) ?? false, go: () => focusIn(aside.current) },
  ];
  const here = stops.findIndex(({ isHere }) => isHere);
  for (let count = 1; count <= stops.length; count += 1) {
    if (stops[(here + count + stops.length) % stops.length]!.go()) break;
  }
  return true;
}

const FOCUSABLE = 'button:not(:disabled), [href], input:not(:disabled), textarea, [tabindex="0"]';

function focusIn(region: HTMLElement | null): boolean {
  // In a narrow window a part that is not seen is a heading in one pixel.
  if (!region || region.offsetParent === null || region.offsetWidth <= 1) return false;
  const [first] = [...region.querySelectorAll<HTMLElement>(FOCUSABLE)].filter((each) => each.offsetParent !== null);
  (first ?? region).focus();
  return true;
}

/** `?` shows the help; any other letter goes into the composer, wherever in the conversation one is. */
function handleLetter(event: KeyboardEvent, { nav, aside }: Regions): void {
  if (event.defaultPrevented || isImeEvent(event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if ([...event.key].length !== 1 || event.key === ' ') return;
  const { activeElement } = document;
  if (isEditable(activeElement) || hadPopup) return;
  if (event.key === '?' && usePreferences.getState().letterKeys) {
    event.preventDefault();
    showOverlay('keys');
    return;
  }
  // Lists find by their first letters.
  if (nav.current?.contains(activeElement) || aside.current?.contains(activeElement)) return;
  commandChat({ type: 'focus-composer' });
}

function isEditable(element: Element | null): boolean {
  return element instanceof HTMLElement && (element.isContentEditable || element.matches('input, textarea, select'));
}

let hadPopup = false;

/** Before anybody acts on the key: a dialog or menu that it closes may be gone by the time it comes here. */
function notePopup(): void {
  const popups = [...document.querySelectorAll('[role="dialog"], [role="alertdialog"], [role="menu"]')];
  // An explanation that opened under the pointer is in nobody's way until somebody goes into it.
  hadPopup = popups.some((popup) => !popup.matches('[data-hint]') || popup.contains(document.activeElement));
}
