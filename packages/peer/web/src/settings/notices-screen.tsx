import type { ReactElement } from 'react';

export function NoticesScreen(): ReactElement {
  return <div />;
}
