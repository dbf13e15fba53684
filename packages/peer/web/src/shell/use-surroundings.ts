import type { Language } from '@magpie/common/i18n/translator.ts';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { lookForRenewal } from '../connection/renewal.ts';
import { loadText, type Text } from '../text/text.tsx';
import { usePreferences } from './preferences.ts';

/**
 * The words of the page in the language that is wished for; what was shown stays until the other one is there.
 * @returns undefined until the first one is there, `missing` when it cannot be loaded
 */
export function usePageText(): Text | 'missing' | undefined {
  const wished = usePreferences(({ language }) => language);
  const browser = useSyncExternalStore(onLanguageChange, () => navigator.language);
  const language: Language = wished === 'system' ? languageOf(browser) : wished;
  const [text, setText] = useState<Text | 'missing'>();
  useEffect(() => {
    let isCurrent = true;
    loadText(language).then(
      (loaded) => {
        if (!isCurrent) return;
        document.documentElement.lang = language;
        setText(loaded);
      },
      () => {
        void lookForRenewal();
        if (isCurrent) setText((shown) => shown ?? 'missing');
      },
    );
    return () => {
      isCurrent = false;
    };
  }, [language]);
  return text;
}

function onLanguageChange(listener: () => void): () => void {
  window.addEventListener('languagechange', listener);
  return () => window.removeEventListener('languagechange', listener);
}

/** As `public/first-paint.js` has it. */
function languageOf(tag: string): Language {
  return /^zh/i.test(tag) ? 'zh-CN' : 'en';
}

/** Light or dark as wished; without a wish, as the system is. */
export function useTheme(): void {
  const theme = usePreferences((preferences) => preferences.theme);
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
}
