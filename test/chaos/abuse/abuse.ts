import type { Part } from '../command.ts';
import { halfOpen } from './half-open.ts';
import { loginTiming } from './login-timing.ts';
import { neverDirect } from './never-direct.ts';
import { passwordFlood } from './password-flood.ts';
import { relayAbuse } from './relay-abuse.ts';
import { sessionEnds } from './session-ends.ts';
import { slowReaders } from './slow-readers.ts';
import { spam } from './spam.ts';

/** Attack after attack, each with the rows of what it must not do. */
export const ABUSE_PARTS: Readonly<Record<string, Part>> = {
  'password-flood': passwordFlood,
  'half-open': halfOpen,
  'slow-readers': slowReaders,
  'relay-abuse': relayAbuse,
  spam,
  'login-timing': loginTiming,
  'session-ends': sessionEnds,
  'never-direct': neverDirect,
};
