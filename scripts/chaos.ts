import { chaosCommand } from '../test/chaos/command.ts';

process.exitCode = await chaosCommand(process.argv.slice(2));
