/** One "must reach" of an issue, measured in this very run. */
export interface Row {
  readonly id: string;
  readonly what: string;
  readonly value: number | string;
  readonly unit: string;
  /** In words: what `value` must be. */
  readonly must: string;
  readonly met: boolean;
}

export function row(id: string, what: string, value: number | string, unit: string, must: string, met: boolean): Row {
  return { id, what, value: typeof value === 'number' ? Math.round(value * 1000) / 1000 : value, unit, must, met };
}

/** The table for people on stderr, and with `--json` the one object as last line of stdout (design section 6). */
export function printReport(command: string, startedMs: number, rows: readonly Row[], json: boolean): boolean {
  const ok = rows.length > 0 && rows.every((each) => each.met);
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
  const out = json ? process.stderr : process.stdout;
  for (const each of rows) {
    const mark = each.met ? 'ok  ' : 'FAIL';
    out.write(`${mark} ${each.id.padEnd(28)} ${String(each.value)} ${each.unit}  (must: ${each.must}) ${each.what}\n`);
  }
  if (json) process.stdout.write(`${JSON.stringify({ ok, command, seconds, rows })}\n`);
  else out.write(`${command}: ${ok ? 'every row is met' : 'NOT every row is met'}, ${seconds} s\n`);
  return ok;
}
