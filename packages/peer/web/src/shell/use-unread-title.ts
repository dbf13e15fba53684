import { useEffect } from 'react';
import { useView } from '../connection/view.tsx';

/** The title's number stays short. */
const SHOWN_MAX = 99;

/** `(3) Magpie` and a dot on the icon: the daemon's count, never one of our own. */
export function useUnreadTitle(): void {
  const unread = useView((state) => {
    let sum = 0;
    for (const contact of state.contacts.values()) sum += contact.unread;
    return sum;
  });
  useEffect(() => {
    document.title = unread === 0 ? 'Magpie' : `(${unread > SHOWN_MAX ? `${SHOWN_MAX}+` : unread}) Magpie`;
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    if (icon) icon.href = unread === 0 ? '/favicon.svg' : '/favicon-unread.svg';
  }, [unread]);
  useEffect(
    () => () => {
      document.title = 'Magpie';
    },
    [],
  );
}
