import { PRESENCE_STATUSES } from '@magpie/common/frames/frame-table.ts';
import type { PresenceJson } from '@magpie/common/rpc/schemas.ts';
import { usageError } from './cli-error.ts';
import type { CommandHost } from './command-host.ts';
import { withDaemon } from './daemon-link.ts';
import { durationText, parseDurationMs } from './duration.ts';
import type { Invocation } from './invocation.ts';
import { printable } from './printable.ts';

export function addPresenceCommands(host: CommandHost): void {
  const presence = host.noun('presence', 'help.presence');
  host.add(presence, {
    usage: 'get',
    summary: 'help.presence.get',
    body: (invocation) =>
      withDaemon(invocation, async (link) => {
        const now = await link.call('presence.get', {});
        invocation.out.data(now, [presenceLine(invocation, now)]);
        return undefined;
      }),
  });
  host.add(presence, {
    usage: 'set <online|away|busy|invisible|offline>',
    summary: 'help.presence.set',
    examples: ['presence set away', 'presence set busy --message "in a lecture"', 'presence set invisible'],
    options: [['--message <text>', 'option.status-text']],
    body: (invocation, [word], options) => {
      const status = word === 'invisible' ? word : PRESENCE_STATUSES.find((each) => each === word);
      if (!status) throw usageError('usage.bad-presence', { given: word ?? '' });
      const text = typeof options.message === 'string' ? { text: options.message } : {};
      return withDaemon(invocation, async (link) => {
        const now = await link.call('presence.set', { presence: status, ...text });
        invocation.out.done(now, invocation.text('presence.changed', { presence: presenceLine(invocation, now) }));
        return undefined;
      });
    },
  });
  host.add(presence, {
    usage: 'auto-away <duration|off>',
    summary: 'help.presence.auto-away',
    examples: ['presence auto-away 10m', 'presence auto-away off'],
    body: (invocation, [word]) => {
      const afterMs = word === 'off' ? 0 : parseDurationMs(word ?? '');
      if (afterMs === undefined) throw usageError('usage.bad-auto-away', { given: word ?? '' });
      return withDaemon(invocation, async (link) => {
        const now = await link.call('presence.autoAway', { afterMs: Math.round(afterMs) });
        const values = { after: durationText(now.autoAwayMs) };
        invocation.out.done(
          now,
          invocation.text(now.autoAwayMs === 0 ? 'presence.no-auto-away' : 'presence.auto-away', values),
        );
        return undefined;
      });
    },
  });
}

/** `busy: in a lecture`; with what was asked for when that is not so. */
function presenceLine({ text }: Invocation, now: PresenceJson): string {
  // It is what was asked for, though friends see somebody who is offline.
  if (now.wish === 'invisible') return text('presence.invisible');
  const word = text(`presence.${now.presence}`);
  const line = now.text === '' ? word : `${word}: ${printable(now.text)}`;
  return now.wish === now.presence ? line : text('presence.differs', { line, wish: text(`presence.${now.wish}`) });
}
