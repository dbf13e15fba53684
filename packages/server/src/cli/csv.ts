import { err, ok, type Result } from '@magpie/common/result.ts';

export interface CsvRow {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/** A quote inside a bare field, text behind a closing quote, or a quote that never closes. */
export interface CsvError {
  readonly line: number;
}

/** RFC 4180: fields in quotes may hold commas, line ends and doubled quotes. Lines end with CR, LF or both; empty ones are left out. */
export function parseCsv(text: string): Result<readonly CsvRow[], CsvError> {
  const rows: CsvRow[] = [];
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const startLine = line;
    const fields: string[] = [];
    for (;;) {
      const field = text[at] === '"' ? quotedAt(text, at) : bareAt(text, at);
      if (!field) return err({ line: startLine });
      fields.push(field.value);
      line += lineEndsIn(field.value);
      at = field.end;
      if (text[at] !== ',') break;
      at += 1;
    }
    if (at < text.length && text[at] !== '\r' && text[at] !== '\n') return err({ line });
    at += text[at] === '\r' && text[at + 1] === '\n' ? 2 : 1;
    line += 1;
    if (fields.length > 1 || fields[0]!.trim() !== '') rows.push({ line: startLine, fields });
  }
  return ok(rows);
}

interface Field {
  readonly value: string;
  readonly end: number;
}

function bareAt(text: string, start: number): Field | undefined {
  let end = start;
  while (end < text.length && !',\r\n'.includes(text[end]!)) end += 1;
  const value = text.slice(start, end);
  return value.includes('"') ? undefined : { value, end };
}

function quotedAt(text: string, start: number): Field | undefined {
  let from = start + 1;
  let value = '';
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return undefined;
    value += text.slice(from, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    from = quote + 2;
  }
}

function lineEndsIn(value: string): number {
  return value.match(/\r\n|\r|\n/g)?.length ?? 0;
}
