import type { Log } from '@magpie/common/log.ts';
import { pino } from 'pino';
import type { LogLevel } from '../config-settings.ts';

const STDERR = 2;

/** JSON lines on stderr, written at once, so that the last one before a crash is there. */
export function stderrLog(level: LogLevel): Log {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ dest: STDERR, sync: true }),
  );
}
