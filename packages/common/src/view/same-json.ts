/** Whether two values of the local API say the same; both were parsed by one schema, so their fields stand in one order. */
export function sameJson(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** `next`, or `before` when it says the same: unchanged parts keep their identity. */
export function keepSame<T>(before: T, next: T): T {
  return sameJson(before, next) ? before : next;
}
