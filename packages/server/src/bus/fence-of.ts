import type { Fence } from '../store/store.ts';
import type { LiveSession } from './directory.ts';

/** Who writes: a session that must still be its device's newest (D9). */
export function fenceOf(session: LiveSession): Fence {
  return { account: session.account.number, device: session.device, epoch: session.epoch };
}
