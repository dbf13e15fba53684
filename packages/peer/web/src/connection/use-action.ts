import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import type { RpcMethod, RpcParams, RpcResult } from '@magpie/common/rpc/rpc-table.ts';
import { useCallback, useState } from 'react';
import { useViewModel } from './view.tsx';

export interface Action {
  readonly busy: boolean;
  /** Why the last try failed; gone with the next one. */
  readonly error: RpcError | undefined;
  /** @returns the answer, or undefined when it failed: `error` then says why */
  run<M extends RpcMethod>(method: M, params: RpcParams<M>): Promise<RpcResult<M> | undefined>;
  clear(): void;
}

/** One thing that a person does, while it is under way and what became of it. */
export function useAction(): Action {
  const view = useViewModel();
  const [state, setState] = useState<Pick<Action, 'busy' | 'error'>>({ busy: false, error: undefined });
  const run = useCallback(
    async <M extends RpcMethod>(method: M, params: RpcParams<M>) => {
      setState({ busy: true, error: undefined });
      const result = await view.call(method, params);
      setState({ busy: false, error: result.ok ? undefined : result.error });
      return result.ok ? result.value : undefined;
    },
    [view],
  );
  const clear = useCallback(() => setState({ busy: false, error: undefined }), []);
  return { ...state, run, clear };
}
