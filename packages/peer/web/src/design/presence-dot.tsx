import type { ContactJson } from '@magpie/common/rpc/schemas.ts';
import type { ReactElement } from 'react';

/** What friends show, and `invisible`, which only oneself sees. */
export type Presence = ContactJson['presence'] | 'invisible';

/** A shape for each presence, so that colour is never the only sign: full, half, bar, ring. The word stands beside it. */
export function PresenceDot({ presence }: { readonly presence: Presence }): ReactElement {
  return (
    <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
      {shapeOf(presence)}
    </svg>
  );
}

function shapeOf(presence: Presence): ReactElement {
  switch (presence) {
    case 'online':
      return <circle cx="5" cy="5" r="4.5" fill="var(--online)" />;
    case 'away':
      return (
        <>
          <circle cx="5" cy="5" r="4" fill="none" stroke="var(--away)" strokeWidth="1.4" />
          <path d="M5 .6a4.4 4.4 0 0 1 0 8.8z" fill="var(--away)" />
        </>
      );
    case 'busy':
      return (
        <>
          <circle cx="5" cy="5" r="4.5" fill="var(--busy)" />
          <rect x="2.2" y="4.1" width="5.6" height="1.8" fill="var(--surface)" />
        </>
      );
    case 'offline':
    case 'invisible':
      return <circle cx="5" cy="5" r="3.7" fill="none" stroke="var(--offline)" strokeWidth="1.6" />;
    case 'unknown':
      return (
        <circle cx="5" cy="5" r="3.7" fill="none" stroke="var(--offline)" strokeWidth="1.4" strokeDasharray="2 1.9" />
      );
  }
}
