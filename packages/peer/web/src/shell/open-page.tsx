import { type ReactElement, useEffect, useRef } from 'react';
import { leave } from '../connection/entry.ts';
import { keepProfile } from '../connection/profile-folder.ts';
import { lookForRenewal } from '../connection/renewal.ts';
import { useView, useViewModel } from '../connection/view.tsx';
import { LostAtFirst } from './closed-page.tsx';
import { Late, LatePlace } from './late-part.tsx';
import { goTo, useNavigation } from './navigation.ts';
import { SignIn } from './screens.ts';
import { Shell } from './shell.tsx';
import { Waiting } from './waiting.tsx';

/** A tab that may speak with the daemon: waits for what it knows, then signs in or shows the messenger. */
export function OpenPage(): ReactElement {
  const view = useViewModel();
  const daemon = useView((state) => state.daemon);
  const isLoaded = useView((state) => state.loaded);
  const hasAccount = useView((state) => state.account !== null);
  const isSigningIn = useNavigation(({ screen }) => screen === 'sign-in');

  useEffect(() => {
    if (daemon.state === 'refused') leave(daemon.error);
  }, [daemon]);
  const wasOpen = useRef(false);
  useEffect(() => {
    if (daemon.state !== 'open') return;
    void keepProfile(view);
    // It may have come back as a newer one, with another page.
    if (wasOpen.current) void lookForRenewal();
    wasOpen.current = true;
  }, [daemon.state, view]);
  useEffect(() => {
    const flush = () => document.visibilityState === 'hidden' && view.flushDrafts();
    const flushNow = () => view.flushDrafts();
    document.addEventListener('visibilitychange', flush);
    window.addEventListener('pagehide', flushNow);
    return () => {
      document.removeEventListener('visibilitychange', flush);
      window.removeEventListener('pagehide', flushNow);
    };
  }, [view]);
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => {
      view.flushDrafts();
      if (view.wouldLose()) event.preventDefault();
    };
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [view]);
  // Stays until the person is done with it: a new recovery code is shown after the account is there.
  useEffect(() => {
    if (isLoaded && !hasAccount) goTo({ screen: 'sign-in', panel: 'none' });
  }, [isLoaded, hasAccount]);

  if (isSigningIn) {
    return (
      <LatePlace fallback={<Waiting />}>
        <Late part={SignIn} />
      </LatePlace>
    );
  }
  if (!isLoaded) return daemon.state === 'lost' ? <LostAtFirst /> : <Waiting />;
  return hasAccount ? <Shell /> : <Waiting />;
}
