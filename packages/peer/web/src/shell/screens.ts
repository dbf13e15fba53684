import { lazy } from 'react';

/** What is not needed for the first look: fetched when it is shown, or when the browser has nothing better to do. */
const LOADERS = {
  ChatScreen: () => import('../chat/chat-screen.tsx').then((file) => ({ default: file.ChatScreen })),
  SettingsScreen: () => import('../settings/settings-screen.tsx').then((file) => ({ default: file.SettingsScreen })),
  NoticesScreen: () => import('../settings/notices-screen.tsx').then((file) => ({ default: file.NoticesScreen })),
  SearchScreen: () => import('../chat/search-screen.tsx').then((file) => ({ default: file.SearchScreen })),
  AddFriend: () => import('../people/add-friend.tsx').then((file) => ({ default: file.AddFriend })),
  AboutPanel: () => import('../people/about-panel.tsx').then((file) => ({ default: file.AboutPanel })),
  EmptyState: () => import('../people/empty-state.tsx').then((file) => ({ default: file.EmptyState })),
  SignIn: () => import('../sign-in/sign-in.tsx').then((file) => ({ default: file.SignIn })),
} as const;

export const ChatScreen = lazy(LOADERS.ChatScreen);
export const SettingsScreen = lazy(LOADERS.SettingsScreen);
export const NoticesScreen = lazy(LOADERS.NoticesScreen);
export const SearchScreen = lazy(LOADERS.SearchScreen);
export const AddFriend = lazy(LOADERS.AddFriend);
export const AboutPanel = lazy(LOADERS.AboutPanel);
export const EmptyState = lazy(LOADERS.EmptyState);
export const SignIn = lazy(LOADERS.SignIn);

/** So that every screen opens at once, and also while the daemon is away. */
export function fetchScreensAtLeisure(): () => void {
  const fetchAll = () => {
    for (const load of Object.values(LOADERS)) void load().catch(() => {});
  };
  const handle = requestIdleCallback(fetchAll, { timeout: 5_000 });
  return () => cancelIdleCallback(handle);
}
