import type { Log } from '@magpie/common/log.ts';

/**
 * Lets work go on by itself whose failure nobody waits for: a full disk or a failing store is logged and must end
 * neither the program nor anything else. What was not written stays as the store has it and is tried again later.
 */
export function inBackground(log: Log, what: string, work: Promise<unknown>): void {
  work.catch((cause: { readonly code?: string }) => log.error({ code: cause?.code ?? 'unknown' }, what));
}
