import { StringDecoder } from 'node:string_decoder';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import type { CliPorts } from './ports.ts';

/** Characters that a prompt takes; the rest of a line that long is dropped. */
const ANSWER_CHARACTERS_MAX = 4_096;

/** Asks on stderr, so that stdout stays data. @throws CliError without a terminal, at Ctrl-C and at the end of input */
export function ask(ports: CliPorts, question: string): Promise<string> {
  return readLine(ports, question, false);
}

/** Asks without showing what is typed. @throws CliError as `ask` */
export function askSecret(ports: CliPorts, question: string): Promise<string> {
  return readLine(ports, question, true);
}

function readLine({ stdin, stderr }: CliPorts, question: string, isSecret: boolean): Promise<string> {
  if (!stdin.isTTY) throw new CliError('INPUT_NEEDED', EXIT.usage, 'input.needed');
  return new Promise((resolve, reject) => {
    const line = new TypedLine();
    const finish = (settle: () => void): void => {
      stdin.off('data', take).off('end', cancel).pause();
      if (isSecret) {
        stdin.setRawMode?.(false);
        stderr.write('\n');
      }
      settle();
    };
    const cancel = (): void => finish(() => reject(new CliError('CANCELLED', EXIT.interrupted, 'input.cancelled')));
    const take = (bytes: Buffer): void => {
      const state = line.take(bytes);
      if (state === 'done') finish(() => resolve(line.text));
      if (state === 'cancelled') cancel();
    };
    // Echo ends before the question appears: a fast typist, or a program, may answer at once.
    if (isSecret) stdin.setRawMode?.(true);
    stdin.on('data', take).on('end', cancel).resume();
    stderr.write(question);
  });
}

/** What a raw terminal sends while somebody types blindly: Enter ends, backspace takes back, Ctrl-C and Ctrl-D cancel. */
class TypedLine {
  readonly #utf8 = new StringDecoder('utf8');
  readonly #characters: string[] = [];

  get text(): string {
    return this.#characters.join('');
  }

  take(bytes: Buffer): 'more' | 'done' | 'cancelled' {
    for (const character of this.#utf8.write(bytes)) {
      if (character === '\r' || character === '\n') return 'done';
      if (character === '\u0003' || (character === '\u0004' && this.#characters.length === 0)) return 'cancelled';
      if (character === '\u007f' || character === '\b') this.#characters.pop();
      else if (character === '\u0015') this.#characters.length = 0;
      else if (character >= ' ' && this.#characters.length < ANSWER_CHARACTERS_MAX) this.#characters.push(character);
    }
    return 'more';
  }
}
