import type { Command } from 'commander';
import { DRAIN_PER_SECOND_MAX } from '../admin/admin-protocol.ts';
import { type AdminFlags, askServer } from './ask-server.ts';
import { CliError } from './cli-error.ts';
import { type CommandContext, withDataFolder } from './command-context.ts';
import { EXIT } from './exit-codes.ts';
import { numberIn } from './numbers.ts';

interface StopFlags extends AdminFlags {
  readonly drainPerSecond?: string;
}

/** How often the process is looked for. */
const LOOK_MS = 50;

/** `stop`: back when the server is gone, so that a script can start the next one. */
export function addStopCommand(program: Command, context: CommandContext): void {
  const { text } = context;
  withDataFolder(program.command('stop').description(text('help.stop')), text)
    .option('--drain-per-second <n>', text('option.drain-per-second'))
    .action((flags: StopFlags) => stop(context, flags));
}

async function stop(context: CommandContext, flags: StopFlags): Promise<void> {
  const given = flags.drainPerSecond;
  const drainPerSecond =
    given === undefined ? undefined : numberIn('--drain-per-second', given, 1, DRAIN_PER_SECOND_MAX);
  const request = { command: 'stop', ...(drainPerSecond !== undefined && { drainPerSecond }) } as const;
  const { pid, withinSeconds } = await askServer(context, flags, request);
  context.note(flags, context.text('stop.asked'));
  for (let waitedMs = 0; isThere(pid); waitedMs += LOOK_MS) {
    if (waitedMs > withinSeconds * 1_000) throw new CliError('STOP_LATE', EXIT.timedOut, 'error.stop-late', { pid });
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  context.show(flags, { stopped: { pid } }, [context.text('stop.done')]);
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}
