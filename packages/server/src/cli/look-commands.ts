import type { Command } from 'commander';
import { ADMIN_PAGE_MAX, type AuditJson } from '../admin/admin-protocol.ts';
import { type AdminFlags, askServer, openServer, resultOf } from './ask-server.ts';
import { type CommandContext, withDataFolder } from './command-context.ts';
import { numberIn } from './numbers.ts';
import { tableLines } from './table.ts';

/** As many as the server keeps. */
const AUDIT_LINES_MAX = 100_000;

/** `stats`, `limits` and `audit`: looking without touching. */
export function addLookCommands(program: Command, context: CommandContext): void {
  const { text } = context;
  withDataFolder(program.command('stats').description(text('help.stats')), text).action((flags: AdminFlags) =>
    stats(context, flags),
  );
  withDataFolder(program.command('limits').description(text('help.limits')), text).action((flags: AdminFlags) =>
    limits(context, flags),
  );
  withDataFolder(program.command('audit').description(text('help.audit')), text)
    .option('--limit <n>', text('option.limit'), '50')
    .action((flags: AdminFlags & { readonly limit: string }) => audit(context, flags));
}

async function stats(context: CommandContext, flags: AdminFlags): Promise<void> {
  const found = await askServer(context, flags, { command: 'stats' });
  const { now, stored, logins, ...program } = found;
  const tried = Object.entries(logins).flatMap(([request, { accepted, refused }]) => [
    [`${request} accepted`, accepted] as const,
    [`${request} refused`, refused] as const,
  ]);
  const figures = [...Object.entries({ ...program, ...now }), ...tried, ...Object.entries(stored)];
  const width = Math.max(...figures.map(([name]) => name.length));
  context.show(
    flags,
    found,
    figures.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
  );
}

async function limits(context: CommandContext, flags: AdminFlags): Promise<void> {
  const { text } = context;
  const found = await askServer(context, flags, { command: 'limits' });
  const titles = ['', text('column.limit'), text('column.value'), text('column.default')];
  const rows = found.limits.map((limit) => {
    return [limit.changed ? '*' : '', limit.key, String(limit.value), String(limit.default)];
  });
  context.show(flags, found, tableLines(titles, rows));
}

async function audit(context: CommandContext, flags: AdminFlags & { readonly limit: string }): Promise<void> {
  const { text } = context;
  const entries = await newestEntries(context, flags, numberIn('--limit', flags.limit, 1, AUDIT_LINES_MAX));
  const titles = [
    ...[text('column.time'), text('column.actor'), text('column.action')],
    ...[text('column.subject'), text('column.detail')],
  ];
  const rows = entries.map(({ at, actor, action, subject, detail }) => {
    return [at.slice(0, 19).replace('T', ' '), String(actor), action, String(subject ?? ''), detail];
  });
  context.show(flags, { entries }, rows.length === 0 ? [text('audit.none')] : tableLines(titles, rows));
}

async function newestEntries(context: CommandContext, flags: AdminFlags, count: number): Promise<readonly AuditJson[]> {
  const { client, dataFolder } = await openServer(context, flags);
  const entries: AuditJson[] = [];
  try {
    while (entries.length < count) {
      const limit = Math.min(ADMIN_PAGE_MAX, count - entries.length);
      const before = entries.at(-1)?.id ?? 0;
      const page = resultOf(await client.call({ command: 'audit', before, limit }), dataFolder);
      entries.push(...page.entries);
      if (page.entries.length < limit) break;
    }
  } finally {
    client.close();
  }
  return entries;
}
