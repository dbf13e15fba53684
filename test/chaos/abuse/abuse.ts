import type { Part } from '../command.ts';
import { halfOpen } from './half-open.ts';
import { passwordFlood } from './password-flood.ts';

/** Attack after attack, each with the rows of what it must not do. */
export const ABUSE_PARTS: Readonly<Record<string, Part>> = {
  'password-flood': passwordFlood,
  'half-open': halfOpen,
};
