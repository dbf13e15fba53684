import { useMemo } from 'react';
import { useText } from '../text/text.tsx';

/** The order of names in the language of the page. */
export function useCollator(): Intl.Collator {
  const { language } = useText();
  return useMemo(() => new Intl.Collator(language, { numeric: true, sensitivity: 'base' }), [language]);
}
