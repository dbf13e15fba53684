/** Structured logging as a port: pino in programs, a recorder in tests. Never given text of messages, keys or passwords. */
export interface Log {
  error(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
  debug(fields: object, message: string): void;
}

export const silentLog: Log = { error() {}, warn() {}, info() {}, debug() {} };
