import { setTimeout as delay } from 'node:timers/promises';
import { APPROVAL_MS_MAX } from '@magpie/common/limits.ts';
import type { DeviceJson, EventJson } from '@magpie/common/rpc/schemas.ts';
import type { Command } from 'commander';
import { CliError } from './cli-error.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { type DaemonLink, withDaemon } from './daemon-link.ts';
import { EXIT } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';
import { localTime } from './local-time.ts';
import { printable } from './printable.ts';
import { RECOVERY_FILE_OPTION, recoveryLines, withRecoveryFile } from './recovery-output.ts';

/** As much of an id as tells the devices of one person apart; `revoke` takes any beginning that only one has. */
const SHOWN_ID_CHARS = 8;
/** Nobody waits long for the end of a wait. */
const WITHDRAW_MS_MAX = 2_000;
/** An approval code dies after this many wrong proofs. */
const WRONG_PROOFS_MAX = 3;

/** The devices of the account, and the codes that let in new ones. */
export function addDeviceCommands(host: CommandHost, account: Command): void {
  const devices = host.noun('devices', 'help.account.devices', account);
  host.add(devices, {
    usage: 'list',
    summary: 'help.account.devices.list',
    body: (invocation) =>
      withDaemon(invocation, async (link) => {
        const { items } = await link.call('account.devices', {});
        invocation.out.data({ items, next: null }, await deviceLines(invocation, items));
        return undefined;
      }),
  });
  host.add(devices, {
    usage: 'revoke <id>',
    summary: 'help.account.devices.revoke',
    examples: ['account devices revoke 3f9c2a10'],
    body: (invocation, [device]) =>
      withDaemon(invocation, async (link) => {
        const { items } = await link.call('account.revokeDevice', { device: device! });
        invocation.out.done({ items, next: null }, invocation.text('devices.revoked', { device: printable(device!) }));
        return undefined;
      }),
  });
  host.add(devices, {
    usage: 'approve',
    summary: 'help.account.devices.approve',
    examples: ['account devices approve', 'account devices approve --no-wait --json'],
    options: [['--no-wait', 'option.no-wait']],
    body: approve,
  });
  const recovery = host.noun('recovery', 'help.account.recovery', account);
  host.add(recovery, {
    usage: 'renew',
    summary: 'help.account.recovery.renew',
    examples: ['account recovery renew', 'account recovery renew --recovery-file code.txt'],
    options: [RECOVERY_FILE_OPTION],
    body: (invocation, _words, options) =>
      withDaemon(invocation, async (link) => {
        await withRecoveryFile(
          invocation,
          link,
          options,
          () => link.call('account.renewRecovery', {}),
          (_renewed, kept) => {
            const { out, text } = invocation;
            const lines = recoveryLines(invocation, kept, out.quiet);
            out.data(kept, out.quiet ? lines : [text('recovery.renewed'), ...lines]);
          },
        );
        return undefined;
      }),
  });
}

function deviceLines({ out, text }: Invocation, items: readonly DeviceJson[]): Promise<string[]> {
  const headings = [text('column.id'), text('column.device'), text('column.state'), text('column.last-login')];
  const rows = items.map((each) => [
    out.plain ? each.id : each.id.slice(0, SHOWN_ID_CHARS),
    printable(each.label || '-'),
    text(
      each.own ? 'devices.this' : each.online ? 'devices.online' : each.active ? 'devices.offline' : 'devices.inactive',
    ),
    each.lastLoginAt === null ? '-' : localTime(each.lastLoginAt),
  ]);
  return out.table(headings, rows);
}

/** Prints the code, then what becomes of it: with `--json` one object for each, as `watch` does. */
async function approve(invocation: Invocation, _words: readonly string[], options: OptionValues): Promise<number> {
  const { out, text } = invocation;
  return withDaemon(invocation, async (link) => {
    const outcome = approvalOutcome(invocation, link);
    if (options.wait !== false) await link.call('watch.start', { types: ['approval'] });
    const { code, expiresAt } = await link.call('account.offerApproval', {});
    out.data(
      { approval: { code, expiresAt } },
      out.quiet ? [printable(code)] : [text('approval.code'), '', `    ${printable(code)}`, ''],
    );
    out.note(text('approval.how', { time: localTime(expiresAt) }));
    if (options.wait === false) return EXIT.ok;
    try {
      return await outcome(Math.min(Date.parse(expiresAt) - Date.now(), APPROVAL_MS_MAX));
    } finally {
      // Nobody sees any more what becomes of it: by Ctrl-C or the end of patience it opens nothing from now on.
      await link.call('account.withdrawApproval', { code }, WITHDRAW_MS_MAX).catch(() => {});
    }
  });
}

/** Listens from now on. @returns what waits for the end, at most so long: approved, too many wrong codes, a signal, or time */
function approvalOutcome(invocation: Invocation, link: DaemonLink): (atMostMs: number) => Promise<number> {
  const { ports, out, text } = invocation;
  const ended = Promise.withResolvers<number>();
  let wrongProofs = 0;
  const heard = ({ label, outcome }: (EventJson & { readonly type: 'approval' })['data']): void => {
    const sentence = text(`approval.${outcome}`, { label: printable(label || '?') });
    if (outcome === 'wrong-code') {
      out.note(sentence);
      if (++wrongProofs === WRONG_PROOFS_MAX)
        ended.reject(new CliError({ code: 'WRONG_CODE' }, { sentence: 'approval.dead', hint: 'approval.again' }));
      return;
    }
    out.done({ approval: { label, outcome } }, sentence);
    ended.resolve(EXIT.ok);
  };
  link.onEvent((event) => {
    if (event.type === 'approval') heard(event.data);
  });
  return async (atMostMs) => {
    const enough = new AbortController();
    const unlisten = ports.onSignal((name) => ended.resolve(name === 'SIGINT' ? EXIT.interrupted : EXIT.terminated));
    void link.ended.then((error) => ended.reject(new CliError(error)));
    const late = delay(invocation.timeoutMs ?? Math.max(0, atMostMs), 'late' as const, { signal: enough.signal });
    late.catch(() => {});
    try {
      const end = await Promise.race([ended.promise, late]);
      if (end === 'late')
        throw new CliError({ code: 'TIMED_OUT' }, { sentence: 'approval.late', hint: 'approval.again' });
      return end;
    } finally {
      unlisten();
      enough.abort();
    }
  };
}
