import type { Part } from '../command.ts';
import { kill } from './kill.ts';

/** Everybody talks to everybody while one thing after another breaks; an oracle reads the disks. */
export const MESSAGES_PARTS: Readonly<Record<string, Part>> = { kill };
