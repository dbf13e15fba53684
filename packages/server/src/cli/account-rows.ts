import type { AdminError } from '../admin/admin-protocol.ts';
import { CliError } from './cli-error.ts';
import { parseCsv } from './csv.ts';
import { EXIT } from './exit-codes.ts';

/** A school, not a city: more accounts are made in several files. */
export const ACCOUNT_ROWS_MAX = 10_000;
/** 10,000 rows with the longest names and passwords that anybody would type. */
export const ACCOUNT_FILE_BYTES_MAX = 4 * 1024 * 1024;

/** One account that the operator wants. */
export interface AccountRow {
  readonly line: number;
  readonly name: string;
  readonly displayName: string;
  /** Empty: one is generated. */
  readonly password: string;
}

/** What became of a row. */
export type RowOutcome =
  | { readonly status: 'added'; readonly number: number }
  /** There is such an account already, with this name and display name. */
  | { readonly status: 'exists'; readonly number: number }
  | { readonly status: 'refused'; readonly error: AdminError }
  | { readonly status: 'duplicate'; readonly ofLine: number };

type Column = 'name' | 'displayName' | 'password';

const COLUMNS: readonly Column[] = ['name', 'displayName', 'password'];
/** How a header may call them: case, blanks, `-` and `_` do not count. */
const COLUMN_NAMES: Readonly<Record<string, Column>> = {
  name: 'name',
  displayname: 'displayName',
  password: 'password',
  账号名: 'name',
  显示名: 'displayName',
  密码: 'password',
};

/** The rows of a CSV file, the header left out. Nothing is half right: one bad line refuses the file. @throws CliError */
export function parseAccountRows(text: string, path: string): readonly AccountRow[] {
  const parsed = parseCsv(text);
  if (!parsed.ok) throw new CliError('BAD_CSV', EXIT.usage, 'csv.bad-quote', { path, line: parsed.error.line });
  const [first, ...rest] = parsed.value;
  if (!first) throw new CliError('EMPTY_CSV', EXIT.usage, 'csv.empty', { path });
  const isHeader = columnOf(first.fields[0]!) === 'name';
  const columns = isHeader ? headerOf(first.fields, path) : COLUMNS;
  const rows = isHeader ? rest : parsed.value;
  if (rows.length === 0) throw new CliError('EMPTY_CSV', EXIT.usage, 'csv.empty', { path });
  if (rows.length > ACCOUNT_ROWS_MAX) {
    throw new CliError('TOO_MANY_ROWS', EXIT.usage, 'csv.too-many-rows', { path, max: ACCOUNT_ROWS_MAX });
  }
  return rows.map(({ line, fields }) => {
    if (fields.length > columns.length) {
      throw new CliError('BAD_CSV', EXIT.usage, 'csv.too-many-fields', { path, line });
    }
    const field = (column: Column): string => fields[columns.indexOf(column)] ?? '';
    const name = field('name').trim();
    // A password is what stands there, blanks included.
    return { line, name, displayName: field('displayName').trim() || name, password: field('password') };
  });
}

function headerOf(fields: readonly string[], path: string): readonly Column[] {
  const columns: Column[] = [];
  for (const field of fields) {
    const column = columnOf(field);
    if (!column || columns.includes(column)) {
      throw new CliError('BAD_CSV', EXIT.usage, 'csv.bad-header', { path, column: field.slice(0, 64) });
    }
    columns.push(column);
  }
  return columns;
}

function columnOf(field: string): Column | undefined {
  const name = field.toLowerCase().replaceAll(/[\s_-]/g, '');
  return Object.hasOwn(COLUMN_NAMES, name) ? COLUMN_NAMES[name] : undefined;
}
