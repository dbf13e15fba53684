import { setTimeout as delay } from 'node:timers/promises';
import { EVENT_TYPES, type EventType } from '@magpie/common/rpc/event-types.ts';
import type { EventJson, MessageJson } from '@magpie/common/rpc/schemas.ts';
import { CliError, usageError } from './cli-error.ts';
import { codeText } from './code-text.ts';
import type { CommandHost, OptionValues } from './command-host.ts';
import { allContacts } from './contact-commands.ts';
import { nameText, roadText } from './contact-lines.ts';
import { withDaemon } from './daemon-link.ts';
import { EXIT } from './exit-codes.ts';
import type { Invocation } from './invocation.ts';
import { messageBlock, reactionText, type Surroundings, stateText } from './message-lines.ts';
import { printable } from './printable.ts';

export function addWatchCommand(host: CommandHost): void {
  host.add(host.program, {
    usage: 'watch',
    summary: 'help.watch',
    examples: ['watch', 'watch --types message,presence --json', 'watch --chat bob --since 1042 --json'],
    options: [
      ['--types <list>', 'option.types'],
      ['--chat <who>', 'option.chat'],
      ['--since <cursor>', 'option.since'],
    ],
    body: watch,
  });
}

/** Runs until the daemon ends, a signal comes or `--timeout` is over; only the first is an error. */
async function watch(invocation: Invocation, _words: readonly string[], options: OptionValues): Promise<number> {
  const types = typesOption(options.types);
  const since = cursorOption(options.since);
  const chat = typeof options.chat === 'string' ? options.chat : undefined;
  return withDaemon(invocation, async (link) => {
    const names = new Map<string, string>();
    if (!invocation.out.json) {
      const own = await link.call('account.whoami', {}).catch(() => undefined);
      if (own) names.set(own.id, printable(own.name));
      for (const contact of await allContacts(link).catch(() => [])) names.set(contact.id, nameText(contact));
    }
    const early: EventJson[] = [];
    let show = (event: EventJson): void => {
      early.push(event);
    };
    link.onEvent((event) => show(event));
    const { cursor } = await link.call('watch.start', {
      ...(types ? { types } : {}),
      ...(chat === undefined ? {} : { chat }),
      ...(since === undefined ? {} : { since }),
    });
    invocation.out.event({ type: 'hello', schema: 1, cursor }, []);
    invocation.out.note(invocation.text('watch.begins'));
    show = (event) => invocation.out.event(event, eventLines(invocation, names, event));
    for (const event of early) show(event);
    return ending(invocation, link.ended);
  });
}

async function ending({ ports, timeoutMs }: Invocation, daemonEnded: Promise<unknown>): Promise<number> {
  const signal = Promise.withResolvers<number>();
  const unlisten = ports.onSignal((name) => signal.resolve(name === 'SIGINT' ? EXIT.interrupted : EXIT.terminated));
  const enough = new AbortController();
  const timed = timeoutMs === undefined ? [] : [delay(timeoutMs, EXIT.ok, { signal: enough.signal })];
  try {
    const end = await Promise.race([signal.promise, daemonEnded.then(() => 'daemon' as const), ...timed]);
    if (end === 'daemon') throw new CliError({ code: 'DAEMON_NOT_RUNNING' }, { sentence: 'watch.daemon-ended' });
    return end;
  } finally {
    unlisten();
    for (const each of timed) each.catch(() => {});
    enough.abort();
  }
}

function typesOption(given: string | boolean | undefined): EventType[] | undefined {
  if (given === undefined) return undefined;
  return String(given)
    .split(',')
    .map((word) => {
      const type = EVENT_TYPES.find((each) => each === word.trim());
      if (!type) throw usageError('usage.bad-type', { given: word, types: EVENT_TYPES.join(', ') });
      return type;
    });
}

function cursorOption(given: string | boolean | undefined): string | undefined {
  if (given === undefined) return undefined;
  if (!/^(0|[1-9][0-9]{0,15})$/.test(String(given))) throw usageError('usage.bad-cursor', { given: String(given) });
  return String(given);
}

function eventLines(invocation: Invocation, names: Map<string, string>, event: EventJson): string[] {
  const { text, translator } = invocation;
  const nameOf = (id: string): string => names.get(id) ?? id;
  switch (event.type) {
    case 'message': {
      // A watcher sees what comes; what it answers is named by its id alone.
      const around: Surroundings = { nameOf, quoteOf: (id) => id };
      const sides = `${nameOf(event.data.from)} → ${otherSide(event.data, nameOf)}`;
      return messageBlock(invocation, event.data, around, sides);
    }
    case 'receipt':
      return [
        text('watch.receipt', {
          who: nameOf(event.data.chat),
          id: event.data.id,
          state: changeText(invocation, event.data),
        }),
      ];
    case 'typing':
      return [text(event.data.active ? 'watch.typing' : 'watch.typing-ended', { who: nameOf(event.data.id) })];
    case 'draft': {
      const values = { who: nameOf(event.data.chat), text: printable(event.data.text) };
      return [text(event.data.at === null ? 'watch.no-draft' : 'watch.draft', values)];
    }
    case 'presence':
      return [
        text('watch.presence', { who: nameOf(event.data.id), presence: text(`presence.${event.data.presence}`) }),
      ];
    case 'contact':
      names.set(event.data.id, nameText(event.data));
      return [text('watch.contact', { who: nameText(event.data), state: text(`roster.${event.data.state}`) })];
    case 'path':
      return [
        text('watch.path', {
          who: nameOf(event.data.id),
          path: roadText({ text }, event.data.path),
          reason: codeText(translator, 'path-reason', event.data.reason),
        }),
      ];
    case 'link':
      return [text('watch.link', { state: text(`link.${event.data.state}`) })];
    case 'notice':
      if (event.data.dismissed) return [text('watch.notice-dismissed', { id: event.data.id })];
      return [text('watch.notice', { text: printable(event.data.text) })];
    case 'account':
      return [text(event.data.signedIn ? 'watch.account' : 'watch.signed-out', { name: printable(event.data.name) })];
    case 'approval':
      return [text(`approval.${event.data.outcome}`, { label: printable(event.data.label || '?') })];
    case 'deleted':
      return [text('watch.deleted', { who: nameOf(event.data.chat) })];
    // What people did is told by other lines.
    case 'unread':
    case 'settings':
      return [];
  }
}

/** How it stands, and what it says now where that was changed. */
function changeText(invocation: Invocation, message: MessageJson): string {
  const { text } = invocation;
  const reactions = reactionText(message);
  const said = message.recalled ? text('msg.recalled') : message.editedAt === null ? '' : printable(message.text);
  const changes = [said, reactions].filter((part) => part !== '').join('  ');
  const state = stateText(invocation, message);
  return changes === '' ? state : `${state}  ${changes}`;
}

function otherSide(
  message: { readonly direction: 'in' | 'out'; readonly chat: string },
  nameOf: (id: string) => string,
): string {
  return message.direction === 'out' ? nameOf(message.chat) : '·';
}
