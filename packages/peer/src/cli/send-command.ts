import { TEXT_BYTES_MAX } from '@magpie/common/limits.ts';
import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { CliError, usageError } from './cli-error.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { roadText } from './contact-lines.ts';
import { type DaemonLink, withDaemon } from './daemon-link.ts';
import { idOption } from './id-option.ts';
import { readTextInput } from './input.ts';
import { CALL_MS_DEFAULT, type Invocation } from './invocation.ts';
import { printable } from './printable.ts';

const WAITS = ['queued', 'stored', 'delivered', 'read'] as const;
type Wait = (typeof WAITS)[number];
/** States in the order in which a message reaches them (R14). */
const STATE_ORDER = ['queued', 'stored', 'delivered', 'read'];

export function addSendCommand(host: CommandHost): void {
  host.add(host.program, {
    usage: 'send <to> [text...]',
    summary: 'help.send',
    examples: [
      'send bob Hello',
      'send bob --wait delivered --timeout 30s "On my way"',
      'send bob --reply-to 0199c0de000070008000000000000001 "Yes, at six"',
      'git diff | magpie send bob -',
    ],
    options: [
      ['--wait <state>', 'option.wait'],
      ['--reply-to <id>', 'option.reply-to'],
      ['--id <id>', 'option.id'],
    ],
    body: send,
  });
  host.add(host.program, {
    usage: 'nudge <to>',
    summary: 'help.nudge',
    examples: ['nudge bob'],
    body: (invocation, [to]) =>
      withDaemon(invocation, async (link) => {
        const message = await link.call('message.nudge', { to: to! });
        const values = { who: printable(to!), id: message.id };
        invocation.out.done({ message }, invocation.text('nudge.queued', values));
        return undefined;
      }),
  });
}

async function send(invocation: Invocation, words: readonly string[], options: OptionValues): Promise<undefined> {
  const [to, ...rest] = words;
  const wait = WAITS.find((each) => each === (options.wait ?? 'queued'));
  if (!wait) throw usageError('usage.bad-wait', { given: String(options.wait) });
  const id = idOption(options, 'id');
  const replyTo = idOption(options, 'replyTo');
  const text = await messageText(invocation, rest);

  return withDaemon(invocation, async (link) => {
    const changes = wait === 'queued' ? undefined : await watchMessages(link);
    const queued = await link.call('message.send', {
      to: to!,
      text,
      ...(id ? { id } : {}),
      ...(replyTo ? { replyTo } : {}),
    });
    const message = changes ? await reached(invocation, link, changes, queued, wait) : queued;
    if (message.state === 'refused') throw refused(message, to!);
    const values = { who: printable(to!), id: message.id, path: roadText(invocation, message.path) };
    invocation.out.done({ message, files: [] }, invocation.text(`send.${message.state}`, values));
    return undefined;
  });
}

/** Words of the command line, or stdin for `-` and for a pipe. */
export async function messageText({ ports }: Invocation, words: readonly string[]): Promise<string> {
  const fromStdin = words.length === 1 && words[0] === '-';
  if (!fromStdin && words.length > 0) {
    const text = words.join(' ');
    if (Buffer.byteLength(text) > TEXT_BYTES_MAX) throw new CliError({ code: 'TEXT_TOO_LARGE' });
    return text;
  }
  if (!fromStdin && ports.stdin.isTTY) throw usageError('usage.text-missing');
  return readTextInput(ports, '-', TEXT_BYTES_MAX);
}

interface Changes {
  readonly seen: Map<string, MessageJson>;
  onChange: () => void;
}

/** Begun before the message exists, so that no change of it is missed. */
async function watchMessages(link: DaemonLink): Promise<Changes> {
  const changes: Changes = { seen: new Map(), onChange: () => {} };
  link.onEvent((event) => {
    if (event.type !== 'message' && event.type !== 'receipt') return;
    if (event.data.direction === 'out') changes.seen.set(event.data.id, event.data);
    changes.onChange();
  });
  await link.call('watch.start', { types: ['message', 'receipt'] });
  return changes;
}

/** Waits until the message has come as far as asked; a timeout is not a failure, and the message is reported. */
function reached(
  { timeoutMs }: Invocation,
  link: DaemonLink,
  changes: Changes,
  queued: MessageJson,
  wait: Wait,
): Promise<MessageJson> {
  return new Promise((resolve, reject) => {
    const latest = (): MessageJson => changes.seen.get(queued.id) ?? queued;
    const timer = setTimeout(
      () => reject(new CliError({ code: 'TIMED_OUT' }, { sentence: 'send.timed-out', json: { message: latest() } })),
      timeoutMs ?? CALL_MS_DEFAULT,
    );
    const settle = (act: () => void): void => {
      clearTimeout(timer);
      act();
    };
    changes.onChange = () => {
      const message = latest();
      const far = STATE_ORDER.indexOf(message.state) >= STATE_ORDER.indexOf(wait);
      if (far || message.state === 'refused') settle(() => resolve(message));
    };
    void link.ended.then((error) => settle(() => reject(new CliError(error, { json: { message: latest() } }))));
    changes.onChange();
  });
}

function refused(message: MessageJson, to: string): CliError {
  const detail = { reason: message.reason ?? '' };
  return new CliError({ code: 'MESSAGE_REFUSED', detail }, { values: { who: to }, json: { message } });
}
