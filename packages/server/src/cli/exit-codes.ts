/** What a script can rely on; the same numbers as those of `magpie`. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  notRunning: 3,
  notFound: 5,
  refused: 6,
  timedOut: 8,
  partial: 9,
  internal: 10,
  interrupted: 130,
} as const;
