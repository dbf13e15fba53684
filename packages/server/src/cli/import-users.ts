import type { AdminClient } from '../admin/admin-client.ts';
import type { AdminError } from '../admin/admin-protocol.ts';
import { ACCOUNT_FILE_BYTES_MAX, type AccountRow, parseAccountRows, type RowOutcome } from './account-rows.ts';
import { type AdminFlags, openServer, refusalText, resultOf } from './ask-server.ts';
import type { CommandContext } from './command-context.ts';
import { EXIT } from './exit-codes.ts';
import { readTextFile } from './input-file.ts';
import { generatePassword } from './passwords.ts';
import { type NamedPassword, PasswordsFile } from './passwords-file.ts';
import { tableLines } from './table.ts';

export interface ImportFlags extends AdminFlags {
  readonly fromCsv: string;
  readonly passwordsOut?: string;
}

/** A server whose queue of passwords is full is asked again so often, … */
const BUSY_TRIES_MAX = 60;
/** … after what it says, within these bounds. */
const BUSY_MS_MIN = 200;
const BUSY_MS_MAX = 5_000;

interface Done {
  readonly row: AccountRow;
  readonly outcome: RowOutcome;
}

/** Makes an account of every row that has none; every row is reported, and a second run changes nothing. */
export async function importUsers(context: CommandContext, flags: ImportFlags): Promise<void> {
  const { client, dataFolder } = await openServer(context, flags);
  try {
    const text = await readTextFile(context.ports, flags.fromCsv, ACCOUNT_FILE_BYTES_MAX);
    const rows = parseAccountRows(text, flags.fromCsv);
    const { wanted, file } = withPasswords(rows, flags);
    const done = await addAll(wanted, client, dataFolder);
    file?.keepOnly(generatedFor(done, wanted, rows));
    report(context, flags, done, file && done.some(isGeneratedIn(rows)) ? file.path : undefined);
  } finally {
    client.close();
  }
}

/** Generates what is missing, and writes it down before anything is done. */
function withPasswords(
  rows: readonly AccountRow[],
  flags: ImportFlags,
): { readonly wanted: readonly AccountRow[]; readonly file: PasswordsFile | undefined } {
  const wanted = rows.map((row) => (row.password === '' ? { ...row, password: generatePassword() } : row));
  const generated = wanted.filter((_, index) => rows[index]!.password === '');
  if (generated.length === 0) return { wanted, file: undefined };
  const beside = flags.fromCsv === '-' ? 'accounts.csv' : flags.fromCsv;
  return { wanted, file: PasswordsFile.create(flags.passwordsOut, beside, generated) };
}

/** One after the other, so that numbers follow the order of the file, and chat goes on beside the hashing. */
async function addAll(rows: readonly AccountRow[], client: AdminClient, dataFolder: string): Promise<readonly Done[]> {
  const done: Done[] = [];
  const lineOfName = new Map<string, number>();
  for (const row of rows) {
    const folded = row.name.toLowerCase();
    const ofLine = lineOfName.get(folded);
    if (ofLine === undefined) {
      lineOfName.set(folded, row.line);
      done.push({ row, outcome: await addOne(row, client, dataFolder) });
    } else done.push({ row, outcome: { status: 'duplicate', ofLine } });
  }
  return done;
}

async function addOne(row: AccountRow, client: AdminClient, dataFolder: string): Promise<RowOutcome> {
  const { name, displayName, password } = row;
  for (let tries = 1; ; tries++) {
    const answer = await client.call({ command: 'user-add', name, displayName, password });
    if (!answer.ok) return { status: 'refused', error: { code: 'no-answer', message: 'no answer' } };
    if (answer.value.ok) return { status: 'added', number: answer.value.value.account.number };
    const { error } = answer.value;
    if (error.code === 'name-taken') return ofTaken(row, error, client, dataFolder);
    if (error.code !== 'busy' || tries === BUSY_TRIES_MAX) return { status: 'refused', error };
    const waitMs = Math.min(BUSY_MS_MAX, Math.max(BUSY_MS_MIN, error.retryAfterMs ?? 0));
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** The row of an earlier run, or somebody else who has the name. */
async function ofTaken(
  { name, displayName }: AccountRow,
  error: AdminError,
  client: AdminClient,
  dataFolder: string,
): Promise<RowOutcome> {
  const answer = await client.call({ command: 'user-show', who: name });
  if (answer.ok && !answer.value.ok) return { status: 'refused', error };
  const { account } = resultOf(answer, dataFolder);
  const isSame = account.displayName === displayName.normalize('NFC') && account.state !== 'deleted';
  return isSame ? { status: 'exists', number: account.number } : { status: 'refused', error };
}

function isGeneratedIn(rows: readonly AccountRow[]): (done: Done, index: number) => boolean {
  return ({ outcome }, index) => outcome.status === 'added' && rows[index]!.password === '';
}

/** The passwords that accounts really have now. */
function generatedFor(
  done: readonly Done[],
  wanted: readonly AccountRow[],
  rows: readonly AccountRow[],
): readonly NamedPassword[] {
  const isGenerated = isGeneratedIn(rows);
  return wanted.filter((_, index) => isGenerated(done[index]!, index));
}

function report(
  context: CommandContext,
  flags: ImportFlags,
  done: readonly Done[],
  passwordsFile: string | undefined,
): void {
  const { text, ports } = context;
  const counts = { added: 0, existing: 0, refused: 0 };
  const rows = done.map(({ row, outcome }) => {
    counts[COUNTED_AS[outcome.status]] += 1;
    const reason = reasonOf(row, outcome, context);
    return {
      ...{ line: row.line, name: row.name, status: outcome.status === 'duplicate' ? 'refused' : outcome.status },
      ...('number' in outcome && { number: outcome.number }),
      ...(outcome.status === 'refused' && { code: outcome.error.code }),
      ...(outcome.status === 'duplicate' && { code: 'duplicate-row' }),
      ...(reason !== undefined && { reason }),
    };
  });
  const isPartial = counts.refused > 0;
  if (isPartial) context.exit = EXIT.partial;
  if (flags.json) {
    const message = text('error.partial', { refused: counts.refused, count: done.length });
    const error = isPartial && { error: { code: 'PARTIAL', exit: EXIT.partial, message } };
    const answer = { ok: !isPartial, ...error, rows, ...counts, passwordsFile: passwordsFile ?? null };
    ports.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  const titles = [text('column.line'), text('column.name'), text('column.result')];
  const cells = done.map(({ row, outcome }) => [String(row.line), row.name, outcomeText(row, outcome, context)]);
  const written = passwordsFile === undefined ? [] : [text('user.passwords-written', { file: passwordsFile })];
  context.show(flags, {}, [...tableLines(titles, cells), text('csv.summary', counts), ...written]);
}

const COUNTED_AS = { added: 'added', exists: 'existing', refused: 'refused', duplicate: 'refused' } as const;

function outcomeText(row: AccountRow, outcome: RowOutcome, context: CommandContext): string {
  switch (outcome.status) {
    case 'added':
      return context.text('csv.added', { number: outcome.number });
    case 'exists':
      return context.text('csv.exists', { number: outcome.number });
    case 'refused':
    case 'duplicate':
      return context.text('csv.refused', { reason: reasonOf(row, outcome, context)! });
  }
}

function reasonOf(row: AccountRow, outcome: RowOutcome, { text }: CommandContext): string | undefined {
  if (outcome.status === 'duplicate') return text('csv.duplicate-row', { line: outcome.ofLine });
  return outcome.status === 'refused' ? refusalText(outcome.error, row.name, text) : undefined;
}
