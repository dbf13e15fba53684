import { err, type Result } from '@magpie/common/result.ts';
import { StoreError } from '../store/store-error.ts';
import type { CommandError } from './command-error.ts';

/** Runs a command that writes or reads the store; a disk that fails is an answer to it, anything else thrown a bug. */
export async function orStoreFailed<T>(
  command: () => Promise<Result<T, CommandError>>,
): Promise<Result<T, CommandError>> {
  try {
    return await command();
  } catch (cause) {
    if (cause instanceof StoreError) return err({ code: 'STORE_FAILED' });
    throw cause;
  }
}
