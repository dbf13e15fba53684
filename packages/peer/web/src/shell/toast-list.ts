import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import { create } from 'zustand';
import type { Text } from '../text/text.tsx';

export interface Toast {
  /** What it is about; a newer one about the same takes its place. */
  readonly about: string;
  /** Rises with each, so that a replaced one is shown anew. */
  readonly serial: number;
  readonly title: string;
  readonly text: string;
  readonly open: (() => void) | undefined;
}

/** More would cover the page. */
const TOASTS_MAX = 3;

export const useToastList = create<readonly Toast[]>(() => []);

let serial = 0;

export function showToast(toast: Omit<Toast, 'serial'>): void {
  serial += 1;
  const others = useToastList.getState().filter(({ about }) => about !== toast.about);
  useToastList.setState([...others, { ...toast, serial }].slice(-TOASTS_MAX), true);
}

/** For what was chosen in a menu, which is gone by the time that it fails. */
export function showFailure(about: string, error: RpcError, { t, errorText }: Text): void {
  showToast({ about, title: t('shell.action-failed.title'), text: errorText(error), open: undefined });
}

export function dropToast(about: string): void {
  const list = useToastList.getState();
  if (list.some((toast) => toast.about === about)) {
    useToastList.setState(
      list.filter((toast) => toast.about !== about),
      true,
    );
  }
}
