import { readFileSync } from 'node:fs';
import { type Row, row } from '../../scripts/report.ts';

/** Ticks per second in /proc; fixed at 100 in the ABI of Linux. */
const TICKS_PER_SECOND = 100;

/** Resident memory of a process in bytes. */
export function rssBytes(pid: number): number {
  const [, kib] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) * 1024;
}

/** User and system time of all threads of a process so far, in seconds; exact to 10 ms. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name before the last bracket may hold blanks; state is field 3, utime and stime are 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The value below which the share `p` of the sorted values lies. */
export function quantile(sorted: Float64Array, p: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}

/** A figure that people judge: met when this run measured it at all. */
export function measured(id: string, what: string, value: number, unit: string): Row {
  return row(id, what, value, unit, 'measured', Number.isFinite(value) && value > 0);
}

/** A count that must be zero for the other figures to mean anything. */
export function none(id: string, what: string, value: number): Row {
  return row(id, what, value, '', '0', value === 0);
}

/** Raw figures of the rounds, for people. */
export function listed(values: readonly number[], digits = 0): string {
  return values.map((value) => value.toFixed(digits)).join(' ');
}
