import { e2eCommand } from '../test/e2e/page/command.ts';

process.exitCode = await e2eCommand(process.argv.slice(2));
