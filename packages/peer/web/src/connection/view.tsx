import type { ViewModel } from '@magpie/common/view/view-model.ts';
import type { ViewState } from '@magpie/common/view/view-state.ts';
import { createContext, type ReactElement, type ReactNode, useContext } from 'react';
import { useStore } from 'zustand';

const ViewContext = createContext<ViewModel | undefined>(undefined);

export function ViewProvider({
  view,
  children,
}: {
  readonly view: ViewModel;
  readonly children: ReactNode;
}): ReactElement {
  return <ViewContext value={view}>{children}</ViewContext>;
}

export function useViewModel(): ViewModel {
  const view = useContext(ViewContext);
  if (!view) throw new Error('outside of ViewProvider');
  return view;
}

/** A part of the daemon's state; the component renders again only when that part changes its identity. */
export function useView<T>(select: (state: ViewState) => T): T {
  return useStore(useViewModel().store, select);
}
