import type { Part } from '../command.ts';
import { clock } from './clock.ts';
import { fullDisk } from './full-disk.ts';
import { kill } from './kill.ts';
import { slowDisk } from './slow-disk.ts';
import { tornWal } from './torn-wal.ts';

/** Everybody talks to everybody while one thing after another breaks; an oracle reads the disks. */
export const MESSAGES_PARTS: Readonly<Record<string, Part>> = {
  kill,
  clock,
  'full-disk': fullDisk,
  'torn-wal': tornWal,
  'slow-disk': slowDisk,
};
