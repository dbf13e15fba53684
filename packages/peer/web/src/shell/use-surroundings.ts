import { useEffect, useState, useSyncExternalStore } from 'react';
import { lookForRenewal } from '../connection/renewal.ts';
import { loadText, type Text } from '../text/text.tsx';
import { usePreferences, wishedLanguage } from './preferences.ts';

/** Words that could not be loaded are asked for again, as often as a daemon that was away may be back. */
const TRY_AGAIN_MS = 3_000;

/**
 * The words of the page in the language that is wished for; what was shown stays until the other one is there.
 * @returns undefined until the first one is there, `missing` when it cannot be loaded
 */
export function usePageText(): Text | 'missing' | undefined {
  const wished = usePreferences(({ language }) => language);
  const browser = useSyncExternalStore(onLanguageChange, () => navigator.language);
  const language = wishedLanguage(wished, browser);
  const [text, setText] = useState<Text | 'missing'>();
  const [tries, setTries] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each try is one more of the same
  useEffect(() => {
    let isCurrent = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    loadText(language).then(
      (loaded) => {
        if (!isCurrent) return;
        document.documentElement.lang = language;
        setText(loaded);
      },
      () => {
        void lookForRenewal();
        if (!isCurrent) return;
        setText((shown) => shown ?? 'missing');
        timer = setTimeout(() => setTries((count) => count + 1), TRY_AGAIN_MS);
      },
    );
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [language, tries]);
  return text;
}

function onLanguageChange(listener: () => void): () => void {
  window.addEventListener('languagechange', listener);
  return () => window.removeEventListener('languagechange', listener);
}

/** Light or dark as wished; without a wish, as the system is. */
export function useTheme(): void {
  const theme = usePreferences((preferences) => preferences.theme);
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
}
