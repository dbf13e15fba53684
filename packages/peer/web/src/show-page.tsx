import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Page } from './page.tsx';
import { PartMissing } from './shell/late-part.tsx';

export function showPage(root: HTMLElement): void {
  // What could not be fetched is named where it would stand; every other error goes to the console, as errors do.
  createRoot(root, { onCaughtError: (error) => error instanceof PartMissing || reportError(error) }).render(
    <StrictMode>
      <Page />
    </StrictMode>,
  );
}
