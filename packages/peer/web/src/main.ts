import './connection/no-eval.ts';
import './design/tokens.css';
import './design/base.css';
import { enter } from './connection/entry.ts';
import { listTime } from './people/when.ts';
import { guardDrops } from './shell/guard-drops.ts';
import { wishedLanguage } from './shell/preferences.ts';
import { showWordless } from './shell/wordless.ts';
import { loadCatalogue } from './text/catalogue.ts';
import { localeOf } from './text/locale.ts';

/** As often as a daemon that was away may be back. */
const TRY_AGAIN_MS = 3_000;

const root = document.getElementById('page');
if (!root) throw new Error('index.html has no #page');
// The daemon is asked, and the words are fetched, while the browser still reads the program that shows them.
void enter();
// A fresh link that is pasted into the tab changes nothing but the fragment.
window.addEventListener('hashchange', () => location.hash.startsWith('#c=') && void enter());
guardDrops();
const language = wishedLanguage();
// Who shows them asks again, and says so when they do not come.
loadCatalogue(language).catch(() => undefined);
// The first format of a time takes long to make, and the lists need one: here nothing else waits for it.
listTime(new Date().toISOString(), Date.now(), localeOf(language));
fetchPage(root);

function fetchPage(place: HTMLElement, isFirst = true): void {
  import('./show-page.tsx').then(
    ({ showPage }) => showPage(place),
    (reason: unknown) => {
      if (isFirst) {
        if (!isMissing(reason)) reportError(reason);
        showWordless(place);
      }
      setTimeout(() => void fetchStylesAgain().then(() => fetchPage(place, false)), TRY_AGAIN_MS);
    },
  );
}

/** Each browser has words of its own for a file that does not come; whatever else it is, is a fault. */
function isMissing(reason: unknown): boolean {
  return reason instanceof TypeError && /module/i.test(reason.message);
}

/** A style sheet that could not be fetched stays so, since its place in the document is taken. */
async function fetchStylesAgain(): Promise<void> {
  const links = [...document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]')];
  const ended = links
    .filter((link) => !hasRules(link))
    .map((link) => {
      const again = document.createElement('link');
      for (const { name, value } of link.attributes) again.setAttribute(name, value);
      return new Promise((resolve) => {
        again.onload = resolve;
        again.onerror = resolve;
        link.replaceWith(again);
      });
    });
  await Promise.all(ended);
}

function hasRules({ sheet }: HTMLLinkElement): boolean {
  try {
    return sheet !== null && sheet.cssRules.length > 0;
  } catch {
    // So Chromium says it.
    return false;
  }
}
