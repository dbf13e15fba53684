import { styleText } from 'node:util';
import type { Environment } from '../config.ts';
import type { TerminalOutput } from './ports.ts';

export interface OutputOptions {
  readonly json: boolean;
  readonly plain: boolean;
  readonly quiet: boolean;
  readonly color: 'auto' | 'always' | 'never';
}

export type Style = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan' | 'whiteBright' | 'bgBlack';

/**
 * Data goes to stdout, everything else to stderr. With `--json` stdout carries exactly one object per command (one per
 * line for `watch`), with `--plain`, or when stdout is no terminal, tab-separated lines.
 */
export class Output {
  readonly json: boolean;
  readonly plain: boolean;
  readonly quiet: boolean;
  readonly #stdout: TerminalOutput;
  readonly #stderr: TerminalOutput;
  readonly #colored: boolean;

  constructor(stdout: TerminalOutput, stderr: TerminalOutput, options: OutputOptions, env: Environment) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.json = options.json;
    this.plain = options.plain || stdout.isTTY !== true;
    this.quiet = options.quiet;
    this.#colored = !options.json && !options.plain && wantsColor(options.color, stdout, env);
  }

  /** The data that was asked for. */
  data(json: object, lines: readonly string[]): void {
    if (this.json) this.#writeJson({ ok: true, schema: 1, ...json });
    else for (const line of lines) this.#stdout.write(`${line}\n`);
  }

  /** The outcome of something done; `--quiet` leaves the exit code to say it. */
  done(json: object, sentence: string): void {
    this.data(json, this.quiet ? [] : [sentence]);
  }

  /** One line of a stream. */
  event(json: object, lines: readonly string[]): void {
    if (this.json) this.#writeJson(json);
    else for (const line of lines) this.#stdout.write(`${line}\n`);
  }

  failure(json: object, lines: readonly string[]): void {
    if (this.json) this.#writeJson({ ok: false, schema: 1, ...json });
    else for (const line of lines) this.#stderr.write(`${line}\n`);
  }

  /** A hint or progress for people. */
  note(text: string): void {
    if (!this.quiet && !this.json) this.#stderr.write(`${text}\n`);
  }

  style(style: Style, text: string): string {
    return this.#colored ? styleText(style, text, { validateStream: false }) : text;
  }

  /** @param rows cells that are already safe to print */
  async table(headings: readonly string[], rows: readonly (readonly string[])[]): Promise<string[]> {
    if (this.json) return [];
    if (this.plain) return rows.map((row) => row.map((cell) => cell.replaceAll(/[\t\n]/g, ' ')).join('\t'));
    if (rows.length === 0) return [];
    const { default: Table } = await import('cli-table3');
    const table = new Table({
      ...(headings.length === 0 ? {} : { head: headings.map((heading) => this.style('bold', heading)) }),
      chars: PLAIN_CHARACTERS,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    });
    for (const row of rows) table.push([...row]);
    return table
      .toString()
      .split('\n')
      .map((line) => line.trimEnd());
  }

  #writeJson(json: object): void {
    this.#stdout.write(`${jsonLine(json)}\n`);
  }
}

/** JSON leaves DEL, C1, directional marks and line separators raw; escaped they mean the same and harm no terminal. */
function jsonLine(json: object): string {
  return JSON.stringify(json).replace(RAW_IN_JSON, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

const RAW_IN_JSON = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** Columns without frames: what is copied out of a terminal stays readable. */
const PLAIN_CHARACTERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};

function wantsColor(color: OutputOptions['color'], stream: TerminalOutput, env: Environment): boolean {
  if (color !== 'auto') return color === 'always';
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && env.TERM !== 'dumb';
}
