// Loaded into a program before its own code (node --import): its wall clock is the machine's plus the milliseconds that
// the file CHAOS_CLOCK_FILE holds at the moment. So a clock is stepped on any system, under a program that runs, without
// rights and without a line for it in the program. The monotonic clock is left alone, as it is when an administrator sets
// the time.
import { readFileSync } from 'node:fs';

const LOOK_EVERY_MS = 100;

const file = process.env.CHAOS_CLOCK_FILE ?? '';
const RealDate = Date;
let stepMs = 0;

function look(): void {
  try {
    stepMs = Number(readFileSync(file, 'utf8')) || 0;
  } catch {
    // Just being written: the next look sees it.
  }
}

look();
setInterval(look, LOOK_EVERY_MS).unref();

globalThis.Date = new Proxy(RealDate, {
  construct: (target, words: unknown[], newTarget) =>
    Reflect.construct(target, words.length === 0 ? [RealDate.now() + stepMs] : words, newTarget),
  get: (target, name, receiver) =>
    name === 'now' ? () => RealDate.now() + stepMs : Reflect.get(target, name, receiver),
});
