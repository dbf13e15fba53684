import { forgetMissingParts, LatePart } from './late-part.tsx';

/** What is not needed for the first look: fetched when it is shown, or when the browser has nothing better to do. */
export const ChatScreen = new LatePart(async () => (await import('../chat/chat-screen.tsx')).ChatScreen);
export const SettingsScreen = new LatePart(
  async () => (await import('../settings/settings-screen.tsx')).SettingsScreen,
);
export const NoticesScreen = new LatePart(async () => (await import('../settings/notices-screen.tsx')).NoticesScreen);
export const SearchScreen = new LatePart(async () => (await import('../chat/search-screen.tsx')).SearchScreen);
export const AddFriend = new LatePart(async () => (await import('../people/add-friend.tsx')).AddFriend);
export const AboutPanel = new LatePart(async () => (await import('../people/about-panel.tsx')).AboutPanel);
export const EmptyState = new LatePart(async () => (await import('../people/empty-state.tsx')).EmptyState);
export const SignIn = new LatePart(async () => (await import('../sign-in/sign-in.tsx')).SignIn);

const PARTS = [
  ...([ChatScreen, SettingsScreen, NoticesScreen, SearchScreen] as const),
  ...([AddFriend, AboutPanel, EmptyState, SignIn] as const),
];

/** So that every screen opens at once, and also while the daemon is away. */
export function fetchScreensAtLeisure(): () => void {
  const fetchAll = () => {
    for (const part of PARTS) part.fetch().catch(forgetMissingParts);
  };
  const handle = requestIdleCallback(fetchAll, { timeout: 5_000 });
  return () => cancelIdleCallback(handle);
}
