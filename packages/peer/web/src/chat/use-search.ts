import { SEARCH_CHARS_MAX } from '@magpie/common/rpc/limits.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useViewModel } from '../connection/view.tsx';

/** After the last key, before the daemon is asked. */
const SEARCH_AFTER_MS = 200;
const FOUND_PER_PAGE = 50;
/** More is not looked through by people. */
const FOUND_MAX = 500;

export interface Search {
  /** What was searched for; empty: nothing yet. */
  readonly query: string;
  readonly found: readonly MessageJson[];
  readonly state: 'idle' | 'searching' | 'done' | 'failed';
  readonly error: RpcError | undefined;
  /** There is more that can be fetched. */
  readonly more: boolean;
  /** What was found is all there is; otherwise it is the newest. */
  readonly whole: boolean;
  readonly fetchMore: () => void;
}

const IDLE = { query: '', found: [], state: 'idle', error: undefined, next: null } as const;

interface State {
  readonly query: string;
  readonly found: readonly MessageJson[];
  readonly state: Search['state'];
  readonly error: RpcError | undefined;
  readonly next: string | null;
}

/** @param chat only there; undefined: everywhere */
export function useSearch(typed: string, chat: string | undefined): Search {
  const view = useViewModel();
  const [state, setState] = useState<State>(IDLE);
  const asked = useRef(0);
  const query = typed.trim().slice(0, SEARCH_CHARS_MAX);

  const ask = useCallback(
    async (text: string, before: string | undefined, known: readonly MessageJson[]): Promise<void> => {
      asked.current += 1;
      const mine = asked.current;
      const result = await view.call('message.search', {
        text,
        limit: FOUND_PER_PAGE,
        ...(chat === undefined ? {} : { chat }),
        ...(before === undefined ? {} : { before }),
      });
      if (mine !== asked.current) return;
      if (!result.ok) return setState((was) => ({ ...was, query: text, state: 'failed', error: result.error }));
      const found = [...known, ...result.value.items];
      setState({ query: text, found, state: 'done', error: undefined, next: result.value.next });
    },
    [view, chat],
  );

  useEffect(() => {
    if (query === '') {
      asked.current += 1;
      setState(IDLE);
      return;
    }
    setState((was) => ({ ...was, state: 'searching' }));
    const timer = setTimeout(() => void ask(query, undefined, []), SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, [query, ask]);

  const more = state.next !== null && state.found.length < FOUND_MAX;
  const fetchMore = () => {
    if (more && state.next !== null && (state.state === 'done' || state.state === 'failed')) {
      setState((was) => ({ ...was, state: 'done', error: undefined }));
      void ask(state.query, state.next, state.found);
    }
  };
  return { ...state, more, whole: state.next === null, fetchMore };
}
