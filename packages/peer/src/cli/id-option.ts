import { parseMessageId } from '@magpie/common/ids.ts';
import { usageError } from './cli-error.ts';
import type { OptionValues } from './command-host.ts';

/** A message id in the one spelling of the API. */
export function messageIdOf(given: string): string {
  const id = parseMessageId(given);
  if (!id) throw usageError('usage.bad-id', { given });
  return id;
}

export function idOption(options: OptionValues, name: string): string | undefined {
  const given = options[name];
  return given === undefined ? undefined : messageIdOf(String(given));
}

/** @param fallback when nothing was given */
export function limitOption(given: string | boolean | undefined, fallback: number, max: number): number {
  if (given === undefined) return fallback;
  const limit = /^\d{1,6}$/.test(String(given)) ? Number(given) : 0;
  if (limit < 1 || limit > max) throw usageError('usage.bad-limit', { given: String(given), max });
  return limit;
}
