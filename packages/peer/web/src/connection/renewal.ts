import { create } from 'zustand';

/** Whether the daemon serves another build of the page than the one that is running here: parts of this one are gone. */
export const useRenewal = create<{ readonly isRenewed: boolean }>(() => ({ isRenewed: false }));

/**
 * Asks the daemon for the page as it is now. Called when a part of it could not be loaded, and when the daemon is back.
 * @returns false when the daemon could not be asked
 */
export async function lookForRenewal(): Promise<boolean> {
  const own = document.querySelector('script[type="module"]')?.getAttribute('src');
  if (!own) return true;
  try {
    const answer = await fetch('/', { cache: 'no-store', credentials: 'omit', redirect: 'error' });
    if (!answer.ok) return false;
    if (!(await answer.text()).includes(`"${own}"`)) useRenewal.setState({ isRenewed: true });
    return true;
  } catch {
    return false;
  }
}
