import { setTimeout as delay } from 'node:timers/promises';
import open from 'open';

/**
 * Starts the user's browser with an address.
 * @param waitMs how long to listen for a failure of the program that starts it
 * @returns false when it is known not to have opened
 */
export async function openBrowser(url: string, waitMs: number): Promise<boolean> {
  try {
    const child = await open(url);
    const failed = new Promise<boolean>((resolve) => {
      child.once('error', () => resolve(false));
      child.once('exit', (code) => resolve(code === 0));
    });
    return await Promise.race([failed, delay(waitMs, true, { ref: false })]);
  } catch {
    return false;
  }
}
