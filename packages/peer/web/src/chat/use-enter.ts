import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { useEffect, useRef } from 'react';
import type { Search } from './use-search.ts';

/**
 * What Enter in a search field does: goes to the first match, and with each further Enter to the next one. Pressed before
 * the answer is there, it goes as soon as it comes.
 * @param typed what stands in the field now
 */
export function useEnter(search: Search, typed: string, open: (message: MessageJson) => void): () => void {
  const next = useRef({ query: '', index: 0 });
  const isWaiting = useRef(false);
  const isAnswered = search.state === 'done' && search.query === typed.trim();
  const go = (): void => {
    const index = next.current.query === search.query ? next.current.index : 0;
    const message = search.found[index] ?? search.found[0];
    isWaiting.current = false;
    if (!message) return;
    next.current = { query: search.query, index: search.found.indexOf(message) + 1 };
    open(message);
  };
  useEffect(() => {
    if (isWaiting.current && isAnswered) go();
  });
  return () => {
    if (isAnswered) go();
    else isWaiting.current = typed.trim() !== '';
  };
}
