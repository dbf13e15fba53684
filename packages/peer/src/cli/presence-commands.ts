import { PRESENCE_STATUSES, type PresenceStatus } from '@magpie/common/frames/frame-table.ts';
import { usageError } from './cli-error.ts';
import type { CommandHost } from './command-host.ts';
import { withDaemon } from './daemon-link.ts';

export function addPresenceCommands(host: CommandHost): void {
  const presence = host.noun('presence', 'help.presence');
  host.add(presence, {
    usage: 'get',
    summary: 'help.presence.get',
    body: (invocation) =>
      withDaemon(invocation, async (link) => {
        const now = await link.call('presence.get', {});
        invocation.out.data(now, [invocation.text(`presence.${now.presence}`)]);
        return undefined;
      }),
  });
  host.add(presence, {
    usage: 'set <online|away|offline>',
    summary: 'help.presence.set',
    examples: ['presence set away'],
    body: (invocation, [word]) => {
      const status = PRESENCE_STATUSES.find((each) => each === word) satisfies PresenceStatus | undefined;
      if (!status) throw usageError('usage.bad-presence', { given: word ?? '' });
      return withDaemon(invocation, async (link) => {
        const now = await link.call('presence.set', { presence: status });
        const word = invocation.text(`presence.${now.presence}`);
        invocation.out.done(now, invocation.text('presence.changed', { presence: word }));
        return undefined;
      });
    },
  });
}
