import { create } from 'zustand';

/** What lies over the messenger for a moment. */
export type OverlayName = 'none' | 'switcher' | 'keys';

export const useOverlay = create<{ readonly name: OverlayName }>(() => ({ name: 'none' }));

export const showOverlay = (name: OverlayName): void => useOverlay.setState({ name });
