import { create } from 'zustand';

/** Where the person is in the page; what is open of the daemon's things is in the view model. */
export interface Navigation {
  /** What the left column lists. */
  readonly list: 'chats' | 'friends' | 'requests';
  /** What the middle shows besides a conversation; `none`: the open conversation, or the empty state. */
  readonly screen: 'none' | 'settings' | 'notices' | 'add-friend' | 'search' | 'sign-in';
  /** What the search of all conversations begins with. */
  readonly query: string;
  /** The right panel of a conversation. */
  readonly panel: 'none' | 'about' | 'find';
  /** A section of the settings to show first. */
  readonly section: string | undefined;
}

export const useNavigation = create<Navigation>(() => ({
  list: 'chats',
  screen: 'none',
  query: '',
  panel: 'none',
  section: undefined,
}));

export const goTo = (patch: Partial<Navigation>): void => useNavigation.setState(patch);
