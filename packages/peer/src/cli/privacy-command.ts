import type { PrivacyJson } from '@magpie/common/rpc/schemas.ts';
import { usageError } from './cli-error.ts';
import type { CommandHost } from './command-host.ts';
import { withDaemon } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';

const SWITCHES = { typing: 'sendTyping', 'read-receipts': 'sendReadReceipts' } as const;

/** Whether friends learn that one types, and what one has read. */
export function addPrivacyCommand(host: CommandHost): void {
  host.add(host.program, {
    usage: 'privacy [typing|read-receipts] [on|off]',
    summary: 'help.privacy',
    examples: ['privacy', 'privacy read-receipts off', 'privacy typing on'],
    body: (invocation, [name, word]) => {
      const patch = name === undefined ? undefined : patchOf(name, word);
      return withDaemon(invocation, async (link) => {
        const now = patch ? await link.call('privacy.set', patch) : await link.call('privacy.get', {});
        invocation.out.data(now, invocation.out.quiet && patch ? [] : privacyLines(invocation, now));
        return undefined;
      });
    },
  });
}

function patchOf(name: string, word: string | undefined): Partial<PrivacyJson> {
  const field = name === 'typing' || name === 'read-receipts' ? SWITCHES[name] : undefined;
  if (field === undefined || (word !== 'on' && word !== 'off')) throw usageError('usage.bad-privacy');
  return { [field]: word === 'on' };
}

function privacyLines({ text }: Invocation, { sendTyping, sendReadReceipts }: PrivacyJson): string[] {
  return [
    text(sendTyping ? 'privacy.typing-on' : 'privacy.typing-off'),
    text(sendReadReceipts ? 'privacy.read-receipts-on' : 'privacy.read-receipts-off'),
  ];
}
