import './connection/no-eval.ts';
import './design/tokens.css';
import './design/base.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { enter } from './connection/entry.ts';
import { Page } from './page.tsx';
import { guardDrops } from './shell/guard-drops.ts';
import { PartMissing } from './shell/late-part.tsx';

const root = document.getElementById('page');
if (!root) throw new Error('index.html has no #page');
void enter();
// A fresh link that is pasted into the tab changes nothing but the fragment.
window.addEventListener('hashchange', () => location.hash.startsWith('#c=') && void enter());
guardDrops();
// What could not be fetched is named where it would stand; every other error goes to the console, as errors do.
createRoot(root, { onCaughtError: (error) => error instanceof PartMissing || reportError(error) }).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
