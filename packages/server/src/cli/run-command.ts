import { networkInterfaces } from 'node:os';
import { serverAddressText } from '@magpie/common/channel/pin.ts';
import { type Endpoint, endpointText } from '@magpie/common/net.ts';
import type { ServerConfig } from '../config.ts';
import type { RunningServer, StartOptions } from '../main.ts';
import { cliErrorOf } from './cli-error.ts';
import { type ConfigFlags, readConfig } from './config-arguments.ts';
import type { Messages } from './messages.ts';
import type { CliPorts } from './ports.ts';

export interface RunFlags extends ConfigFlags {
  readonly json?: boolean;
  readonly newKey?: boolean;
  readonly newDatabase?: boolean;
}

/** Runs until it is told to stop. Stdout carries one thing: the line (or JSON object) to hand out, once it is true. */
export async function runServer(flags: RunFlags, ports: CliPorts, text: Messages): Promise<void> {
  const note = (sentence: string): void => {
    if (!flags.json) ports.stderr.write(`${sentence}\n`);
  };
  const config = readConfig(flags, ports.env, text);
  const stop = ports.stopRequested();
  const server = await start(config, flags, ports);
  if (config.registration === 'invite') note(text('run.invite-later'));
  note(text('run.ready'));
  ports.stdout.write(
    `${flags.json ? JSON.stringify(readyObject(server, config, ports.pid)) : addressOf(server, config)}\n`,
  );
  await stop;
  note(text('run.stopping'));
  await server.stop();
  note(text('run.stopped'));
}

async function start(config: ServerConfig, flags: RunFlags, ports: CliPorts): Promise<RunningServer> {
  const options: StartOptions = { newKey: flags.newKey === true, newDatabase: flags.newDatabase === true };
  try {
    return await ports.startServer(config, ports.openLog(config), options);
  } catch (cause) {
    throw cliErrorOf(cause);
  }
}

function readyObject(server: RunningServer, config: ServerConfig, pid: number): object {
  return {
    ok: true,
    listen: server.listen.map(endpointText),
    udp: server.udpPorts,
    address: addressOf(server, config),
    pin: server.pin,
    pid,
  };
}

/** R10: `host:port#pin`, all that a peer needs. */
function addressOf(server: RunningServer, config: ServerConfig): string {
  const first = server.listen[0]!;
  return serverAddressText({ host: config.publicHost ?? reachableHost(first), port: first.port, pin: server.pin });
}

/** The listen address, or for "every address" the one that other machines most likely reach. */
function reachableHost({ address }: Endpoint): string {
  if (address !== '::' && address !== '0.0.0.0') return address;
  const outward = addressesOfThisMachine().filter(({ internal }) => !internal);
  const best = outward.find(({ family }) => family === 'IPv4') ?? outward.find(({ scopeid }) => scopeid === 0);
  return best?.address ?? '127.0.0.1';
}

function addressesOfThisMachine() {
  try {
    return Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  } catch {
    // Some sandboxes forbid the system call; then only this machine is sure to reach us.
    return [];
  }
}
