import { CSPProvider } from '@base-ui/react/csp-provider';
import { Tooltip } from '@base-ui/react/tooltip';
import type { ReactElement } from 'react';
import { useEntry } from './connection/entry.ts';
import { ViewProvider } from './connection/view.tsx';
import { ClosedPage, FaultPage } from './shell/closed-page.tsx';
import { FaultBoundary } from './shell/fault.tsx';
import { OpenPage } from './shell/open-page.tsx';
import { usePageText, useTheme } from './shell/use-surroundings.ts';
import { Waiting } from './shell/waiting.tsx';
import { showWordless } from './shell/wordless.ts';
import { TextProvider } from './text/text.tsx';

/** From hover to an explanation. */
const TOOLTIP_DELAY_MS = 350;

/** Everything that the page shows stands in its language, and in a right to speak with the daemon or the way to get one. */
export function Page(): ReactElement {
  const text = usePageText();
  useTheme();
  if (!text) return <main aria-busy="true" />;
  if (text === 'missing') return <div style={{ display: 'contents' }} ref={showWordless} />;
  return (
    <CSPProvider disableStyleElements>
      <TextProvider text={text}>
        <FaultBoundary fallback={<FaultPage />}>
          <Tooltip.Provider delay={TOOLTIP_DELAY_MS}>
            <Content />
          </Tooltip.Provider>
        </FaultBoundary>
      </TextProvider>
    </CSPProvider>
  );
}

function Content(): ReactElement {
  const entry = useEntry();
  switch (entry.state) {
    case 'opening':
      return <Waiting />;
    case 'closed':
      return <ClosedPage error={entry.error} />;
    case 'open':
      return (
        <ViewProvider view={entry.view}>
          <OpenPage />
        </ViewProvider>
      );
  }
}
