import { serverAddressText } from '@magpie/common/channel/pin.ts';
import { endpointText } from '@magpie/common/net.ts';
import type { ServerConfig } from '../config.ts';
import type { RunningServer, StartOptions } from '../io/start-server.ts';
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
  note(text('run.ready'));
  ports.stdout.write(
    `${flags.json ? JSON.stringify(readyObject(server, ports.pid)) : serverAddressText(server.address)}\n`,
  );
  await Promise.race([stop, server.stopAsked]);
  note(text('run.stopping'));
  ports.endAfter(server.stopMsMax);
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

function readyObject(server: RunningServer, pid: number): object {
  return {
    ok: true,
    listen: server.listen.map(endpointText),
    udp: server.udpPorts,
    address: serverAddressText(server.address),
    pin: server.pin,
    ...(server.monitor && { monitor: endpointText(server.monitor) }),
    pid,
  };
}
