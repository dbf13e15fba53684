import type { NetStatusJson, PathJson, StatusJson } from '@magpie/common/rpc/schemas.ts';
import { MAGPIE_VERSION } from '../config.ts';
import { codeText, linkErrorText } from './code-text.ts';
import type { CommandHost } from './command-host.ts';
import { presenceText, roadText, rttText } from './contact-lines.ts';
import { withDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';
import { addNeverDirectCommand } from './never-direct-command.ts';
import { printable } from './printable.ts';

export function addStatusCommands(host: CommandHost): void {
  host.add(host.program, {
    usage: 'status',
    summary: 'help.status',
    examples: ['status', 'status --json'],
    body: (invocation) =>
      withDaemon(invocation, async (link) => {
        const status = await link.call('status', {});
        const daemon = await link.call('daemon.status', {});
        invocation.out.data({ ...status, daemon }, statusLines(invocation, status));
        return undefined;
      }),
  });
  const net = host.noun('net', 'help.net');
  host.add(net, {
    usage: 'status',
    summary: 'help.net.status',
    body: (invocation) =>
      withDaemon(invocation, async (link) => {
        const status = await link.call('net.status', {});
        invocation.out.data(status, [...linkLines(invocation, status), ...udpLines(invocation, status)]);
        return undefined;
      }),
  });
  host.add(net, {
    usage: 'path [who]',
    summary: 'help.net.path',
    examples: ['net path', 'net path bob --json'],
    body: (invocation, [who]) =>
      withDaemon(invocation, async (link) => {
        const { items } = await link.call('net.path', who === undefined ? {} : { who });
        invocation.out.data({ items, next: null }, await pathLines(invocation, items));
        return undefined;
      }),
  });
  addNeverDirectCommand(host, net);
  host.add(host.program, {
    usage: 'version',
    summary: 'help.version',
    body: async ({ out }) => {
      out.data({ version: MAGPIE_VERSION, node: process.version }, [`magpie ${MAGPIE_VERSION}`]);
      return undefined;
    },
  });
}

function statusLines(invocation: Invocation, status: StatusJson): string[] {
  const { text, magpie } = invocation;
  const { account, peers, unread } = status;
  const who = account
    ? text('status.account', {
        name: printable(account.name),
        number: account.id,
        displayName: printable(account.displayName),
      })
    : text('status.no-account', { magpie });
  return [
    who,
    ...linkLines(invocation, status),
    text('status.presence', {
      presence: status.wish === 'invisible' ? text('presence.invisible') : presenceText(invocation, status.presence),
    }),
    text('status.friends', { direct: peers.direct, relay: peers.relay, offline: peers.offline }),
    text('status.unread', { messages: unread.messages, chats: unread.chats }),
    text('status.storage', { messages: status.storage.messages, size: sizeText(status.storage.bytes) }),
    ...udpLines(invocation, status),
    ...(status.neverDirect ? [text('status.never-direct')] : []),
    ...(status.recoveryUnseen ? [text('status.recovery-unseen', { magpie })] : []),
  ];
}

/** In the units of file managers: `3.4 MB`. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes < 1_000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const size = bytes / 1_000 ** step;
  return `${step === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[step]}`;
}

function linkLines({ text, translator }: Invocation, { server }: NetStatusJson): string[] {
  const rtt = server.rttMs === null ? '' : ` ${rttText(server.rttMs)}`;
  const error = server.lastError ? ` (${linkErrorText(translator, server.lastError)})` : '';
  return [text('status.server', { state: `${text(`link.${server.state}`)}${rtt}${error}` })];
}

function udpLines({ text }: Invocation, { udp }: NetStatusJson): string[] {
  if (!udp.enabled) return [text('status.udp-off')];
  const ports = [udp.port4, udp.port6].filter((port) => port !== null).join(', ') || '-';
  const reflexive = udp.reflexive.map(printable).join(', ') || '-';
  return [text('status.udp', { ports, reflexive, sent: udp.datagramsSent, received: udp.datagramsReceived })];
}

function pathLines(invocation: Invocation, items: readonly PathJson[]): Promise<string[]> {
  const { out, text, translator } = invocation;
  const headings = [
    text('column.number'),
    text('column.name'),
    text('column.path'),
    text('column.session'),
    text('column.state'),
    text('column.reason'),
    text('column.endpoint'),
  ];
  const rows = items.map((each) => [
    each.id,
    printable(each.name),
    roadText(invocation, each.path),
    codeText(translator, 'session', each.session),
    codeText(translator, 'path-state', each.state),
    codeText(translator, 'path-reason', each.reason),
    printable(each.endpoint ?? '-'),
  ]);
  return out.table(headings, rows);
}
