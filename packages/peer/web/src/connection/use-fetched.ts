import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { RpcMethod, RpcParams, RpcResult } from '@magpie/common/rpc/rpc-table.ts';
import { useCallback, useEffect, useRef, useState } from 'react';
import { useView, useViewModel } from './view.tsx';

export interface Fetched<T> {
  /** Undefined until the first answer; what was known stays while it is read anew. */
  readonly value: T | undefined;
  readonly error: RpcError | undefined;
  readonly reload: () => void;
  /** What the answer to a change already says. */
  readonly keep: (value: T) => void;
}

/**
 * What the view model does not hold: read when it is shown, again when the window comes back to the front (another face
 * may have changed it) and when the daemon does.
 * @param everyMs also that often, while the page is visible
 */
export function useFetched<M extends RpcMethod>(
  method: M,
  params: RpcParams<M>,
  { everyMs }: { readonly everyMs?: number } = {},
): Fetched<RpcResult<M>> {
  const view = useViewModel();
  const isOpen = useView((state) => state.daemon.state === 'open');
  const [state, setState] = useState<Pick<Fetched<RpcResult<M>>, 'value' | 'error'>>({
    value: undefined,
    error: undefined,
  });
  const asked = useRef(0);
  const paramsText = JSON.stringify(params);

  const reload = useCallback(() => {
    asked.current += 1;
    const mine = asked.current;
    void view.call(method, JSON.parse(paramsText) as RpcParams<M>).then((result) => {
      if (mine !== asked.current) return;
      setState((known) =>
        result.ok ? { value: result.value, error: undefined } : { value: known.value, error: result.error },
      );
    });
  }, [view, method, paramsText]);

  const keep = useCallback((value: RpcResult<M>) => {
    asked.current += 1;
    setState({ value, error: undefined });
  }, []);

  useEffect(() => {
    if (!isOpen) return;
    reload();
    const again = () => document.visibilityState === 'visible' && reload();
    window.addEventListener('focus', again);
    const timer = everyMs === undefined ? undefined : setInterval(again, everyMs);
    return () => {
      asked.current += 1;
      window.removeEventListener('focus', again);
      clearInterval(timer);
    };
  }, [isOpen, reload, everyMs]);

  return { ...state, reload, keep };
}
