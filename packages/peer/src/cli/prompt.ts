import { createInterface } from 'node:readline/promises';
import { StringDecoder } from 'node:string_decoder';
import { CliError } from './cli-error.ts';
import type { CliPorts } from './ports.ts';

/** Characters a prompt takes before it stops listening. */
const ANSWER_CHARS_MAX = 4_096;

/** Asks on stderr, so that stdout stays data. Ctrl-C or the end of input cancels. */
export async function ask(ports: CliPorts, question: string): Promise<string> {
  const lines = createInterface({ input: ports.stdin, output: ports.stderr, terminal: false });
  const cancelled = new AbortController();
  lines.once('close', () => cancelled.abort());
  try {
    return (await lines.question(question, { signal: cancelled.signal })).trim().slice(0, ANSWER_CHARS_MAX);
  } catch {
    throw new CliError({ code: 'CANCELLED' });
  } finally {
    lines.close();
  }
}

/** True only for `y`, `yes` or the Chinese 是. */
export async function confirm(ports: CliPorts, question: string): Promise<boolean> {
  return /^(y|yes|是)$/i.test(await ask(ports, question));
}

/** Reads a secret without showing it. */
export function askSecret(ports: CliPorts, question: string): Promise<string> {
  const { stdin, stderr } = ports;
  return new Promise<string>((resolve, reject) => {
    const typed = new SecretLine();
    const finish = (settle: () => void): void => {
      stdin.off('data', onData).off('end', onEnd).pause();
      stdin.setRawMode?.(false);
      stderr.write('\n');
      settle();
    };
    const onEnd = (): void => finish(() => reject(new CliError({ code: 'CANCELLED' })));
    const onData = (bytes: Buffer): void => {
      const state = typed.take(bytes);
      if (state === 'done') finish(() => resolve(typed.text));
      if (state === 'cancelled') onEnd();
    };
    // Echo ends before the question appears: a fast typist, or a program, may answer at once.
    stdin.setRawMode?.(true);
    stdin.on('data', onData).on('end', onEnd).resume();
    stderr.write(question);
  });
}

/** A line edited blindly: Enter ends it, backspace takes back, Ctrl-U clears, Ctrl-C and Ctrl-D cancel. */
class SecretLine {
  readonly #utf8 = new StringDecoder('utf8');
  #characters: string[] = [];

  get text(): string {
    return this.#characters.join('');
  }

  take(bytes: Buffer): 'more' | 'done' | 'cancelled' {
    for (const character of this.#utf8.write(bytes)) {
      if (character === '\r' || character === '\n') return 'done';
      if (character === '\u0003' || (character === '\u0004' && this.#characters.length === 0)) return 'cancelled';
      if (character === '\u007f' || character === '\b') this.#characters.pop();
      else if (character === '\u0015') this.#characters = [];
      else if (character >= ' ' && this.#characters.length < ANSWER_CHARS_MAX) this.#characters.push(character);
    }
    return 'more';
  }
}
