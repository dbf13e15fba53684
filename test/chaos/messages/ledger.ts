import { randomBytes } from 'node:crypto';

/** One text that somebody sent, once, whatever it took. */
export interface Sent {
  readonly id: string;
  /** Names of the two. */
  readonly from: string;
  readonly to: string;
  readonly text: string;
}

/** What was said in a trial, in the order in which each said it to each. */
export class Ledger {
  readonly #sent: Sent[] = [];
  readonly #takenBack = new Set<string>();
  readonly #changed = new Set<string>();
  #next = 1;

  /** @param filling makes it longer */
  next(from: string, to: string, filling = ''): Sent {
    const text = `${from} to ${to}, number ${this.#next++}${filling}`;
    return { id: randomBytes(16).toString('hex'), from, to, text };
  }

  /** The sender's daemon has it. */
  add(sent: Sent): void {
    this.#sent.push(sent);
  }

  /** Before it is tried: it may have happened though no answer came. */
  noteRecall({ id }: Sent): void {
    this.#takenBack.add(id);
    this.#changed.add(id);
  }

  noteEdit({ id }: Sent): void {
    this.#changed.add(id);
  }

  isTakenBack(id: string): boolean {
    return this.#takenBack.has(id);
  }

  /** One of the newest of this sender that was neither edited nor recalled yet. */
  recentOf(from: string, pick: (count: number) => number): Sent | undefined {
    const recent = this.#sent.filter((sent) => sent.from === from && !this.#changed.has(sent.id)).slice(-10);
    return recent[pick(recent.length)];
  }

  recentTo(to: string, pick: (count: number) => number): Sent | undefined {
    const recent = this.#sent.filter((sent) => sent.to === to && !this.#takenBack.has(sent.id)).slice(-20);
    return recent[pick(recent.length)];
  }

  get count(): number {
    return this.#sent.length;
  }

  between(from: string, to: string): readonly Sent[] {
    return this.#sent.filter((sent) => sent.from === from && sent.to === to);
  }
}
