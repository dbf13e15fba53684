// A server and two peers, Alice and Bob, already friends, in a temporary folder on free ports, until Ctrl-C. Prints
// what to type for each.
import { befriend, register } from '../test/e2e/friends.ts';
import { PASSWORD, Stage } from '../test/e2e/stage.ts';

const stage = new Stage();
const ended = new Promise<void>((resolve) => {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve());
});

try {
  process.stderr.write('Starting a server, Alice and Bob …\n');
  const ready = prepare();
  await Promise.race([ready, ended]);
  await ended;
  process.stderr.write('\nStopping …\n');
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  await stage.close();
}

async function prepare(): Promise<void> {
  const server = await stage.startServer();
  await Promise.all([stage.startDaemon('alice'), stage.startDaemon('bob')]);
  await register(stage, 'alice', server.address);
  await register(stage, 'bob', server.address);
  await befriend(stage, 'alice', 'bob');
  process.stdout.write(whatToType(server.address));
}

function whatToType(server: string): string {
  const alice = `npx magpie --profile ${stage.path('alice')}`;
  const bob = `npx magpie --profile ${stage.path('bob')}`;
  return `
A server and two peers are running, and Alice and Bob are friends. In another terminal, in this folder:

  what Bob receives   ${bob} watch
  Alice writes        ${alice} send bob "hello, Bob"
  Bob answers         ${bob} send alice "hello, Alice"
  who is online       ${alice} contact list
  which road it takes ${alice} net path bob
  everything else     ${alice} help

  one more person     npx magpie --profile ${stage.path('carol')} account register carol --server '${server}'
  Alice's and Bob's password: ${PASSWORD}

Ctrl-C stops all and removes the folder.
`;
}
