import { simCommand } from '../test/sim/command.ts';

process.exitCode = await simCommand(process.argv.slice(2));
