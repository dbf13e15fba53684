import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { callAdmin } from '../admin/admin-client.ts';
import { adminPathOf } from '../admin/admin-path.ts';
import { BackupError } from '../io/backup-error.ts';
import type { Backup } from '../io/backup-file.ts';
import {
  type DataFolder,
  dataFolderAt,
  lockDataFolder,
  prepareDataFolder,
  requireDataFolder,
} from '../io/data-folder.ts';
import { backupOfFolder, backupOfSnapshot, requireTarget } from '../io/make-backup.ts';
import { finishRestore, restoreBackup } from '../io/restore-backup.ts';
import { type AdminFlags, resultOf } from './ask-server.ts';
import { cliErrorOf } from './cli-error.ts';
import { type CommandContext, withDataFolder } from './command-context.ts';
import { readConfig } from './config-arguments.ts';
import { shortTime } from './user-commands.ts';

interface ForceFlags extends AdminFlags {
  readonly force?: boolean;
}

/** `backup` and `restore`: the database and the key together, in one file. */
export function addBackupCommands(program: Command, context: CommandContext): void {
  const { text } = context;
  withDataFolder(program.command('backup <file>').description(text('help.backup')), text)
    .option('--force', text('option.force-backup'))
    .action((file: string, flags: ForceFlags) => backup(context, file, flags));
  withDataFolder(program.command('restore <file>').description(text('help.restore')), text)
    .option('--force', text('option.force-restore'))
    .action((file: string, flags: ForceFlags) => restore(context, file, flags));
}

async function backup(context: CommandContext, file: string, flags: ForceFlags): Promise<void> {
  const folder = dataFolderAt(readConfig(flags, context.ports.env, context.text).dataFolder);
  const target = resolve(file);
  const made = await orCliError(() => makeBackup(folder, target, flags.force === true));
  const sentence = context.text('backup.done', { file: target, accounts: accountsIn(made), bytes: made.bytes });
  context.show(flags, { backup: { file: target, bytes: made.bytes, ...shownOf(made) } }, [sentence]);
}

/** By the running server where there is one: it copies while it goes on; otherwise under the folder's lock. */
async function makeBackup(folder: DataFolder, target: string, force: boolean): Promise<Backup> {
  requireTarget(target, force);
  const answer = await callAdmin(adminPathOf(folder.path), { command: 'snapshot' });
  if (answer.ok || answer.error !== 'not-running') {
    return backupOfSnapshot(folder, resultOf(answer, folder.path).file, target, force);
  }
  if (!existsSync(folder.path)) throw new BackupError('no-data', folder.path);
  requireDataFolder(folder);
  const lock = lockDataFolder(folder);
  try {
    finishRestore(folder);
    return await backupOfFolder(folder, target, force);
  } finally {
    lock.release();
  }
}

async function restore(context: CommandContext, file: string, flags: ForceFlags): Promise<void> {
  const folder = dataFolderAt(readConfig(flags, context.ports.env, context.text).dataFolder);
  const restored = await orCliError(async () => {
    if (!existsSync(file)) throw new BackupError('missing', resolve(file));
    prepareDataFolder(folder);
    const lock = lockDataFolder(folder);
    try {
      return restoreBackup(resolve(file), folder, flags.force === true);
    } finally {
      lock.release();
    }
  });
  const { movedTo } = restored;
  const shown = shownOf(restored.backup);
  const sentence = context.text('restore.done', {
    ...{ folder: folder.path, time: shortTime(shown.createdAt) },
    ...{ accounts: accountsIn(restored.backup), pin: shown.pin },
  });
  context.show(flags, { restored: { folder: folder.path, movedTo: movedTo ?? null, ...shown } }, [
    sentence,
    ...(movedTo === undefined ? [] : [context.text('restore.moved', { folder: movedTo })]),
  ]);
}

function shownOf({ createdAt, program, schema, pin, rows }: Backup) {
  return { createdAt, program, schema, pin, rows };
}

function accountsIn({ rows }: Backup): number {
  return rows.accounts ?? 0;
}

async function orCliError<T>(done: () => Promise<T>): Promise<T> {
  try {
    return await done();
  } catch (cause) {
    throw cliErrorOf(cause);
  }
}
