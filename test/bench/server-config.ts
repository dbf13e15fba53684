/**
 * What the server is told for the bench (R24: printed with its result). Only limits against strangers are raised: the
 * load comes from one machine, which they are made to hold back. Queues, timers and rules are the defaults.
 */
const LIMITS = {
  anonymous_per_source_max: 100_000,
  anonymous_max: 100_000,
  connections_per_source_burst: 100_000,
  handshakes_per_second: 100_000,
  password_logins_per_source_per_minute: 1_000_000,
  registrations_per_source_per_hour: 1_000_000,
  relay_frames_per_second: 1_000_000,
  relay_bytes_per_second: 1_000_000_000,
  relay_bytes_burst: 1_000_000_000,
};

/** @param cheapHash for thousands of registrations: argon2id at its least cost instead of the default one */
export function benchConfig(cheapHash: boolean): string {
  const lines = ['log_level = "error"', '', '[limits]'];
  for (const [name, value] of Object.entries(LIMITS)) lines.push(`${name} = ${value}`);
  if (cheapHash) lines.push('', '[password_hash]', 'memory_kib = 8', 'passes = 1');
  return `${lines.join('\n')}\n`;
}
