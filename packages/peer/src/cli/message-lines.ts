import type { MessageJson } from '@magpie/common/rpc/schemas.ts';
import { codeText } from './code-text.ts';
import { nameText, roadText } from './contact-lines.ts';
import type { DaemonLink } from './daemon-link.ts';
import type { Invocation } from './invocation.ts';
import { localTime } from './local-time.ts';
import { printable, printableLines } from './printable.ts';

/** How messages are shown to people. Everything that is returned is safe to print. */

/** Code points of a quoted line. */
const QUOTE_CODE_POINTS_MAX = 60;
/** Quoted messages that are fetched for one list: further ones are named by their id. */
const QUOTES_MAX = 100;

/** What lines about messages need to know of others. */
export interface Surroundings {
  /** Of an account number. */
  nameOf(account: string): string;
  /** The first line of a message that is answered. */
  quoteOf(id: string): string | undefined;
}

/** @param items messages of any chats */
export async function surroundings(
  invocation: Invocation,
  link: DaemonLink,
  items: readonly MessageJson[],
): Promise<Surroundings> {
  const names = new Map<string, string>();
  const own = await link.call('account.whoami', {}).catch(() => undefined);
  if (own) names.set(own.id, printable(own.name));
  for (const who of new Set(items.map((each) => each.chat))) {
    const contact = await link.call('contact.show', { who }).catch(() => undefined);
    if (contact) names.set(contact.id, nameText(contact));
  }
  const nameOf = (account: string): string => names.get(account) ?? account;
  const known = new Map(items.map((each) => [each.id, each]));
  const asked = new Set(items.flatMap(({ replyTo }) => (replyTo && !known.has(replyTo) ? [replyTo] : [])));
  for (const id of [...asked].slice(0, QUOTES_MAX)) {
    const message = await link.call('message.show', { id }).catch(() => undefined);
    if (message) known.set(id, message);
  }
  const quoteOf = (id: string): string | undefined => {
    const message = known.get(id);
    return message && `${nameOf(message.from)}: ${firstLine(said(invocation, message))}`;
  };
  return { nameOf, quoteOf };
}

export function plainRow(message: MessageJson, { nameOf }: Surroundings): string[] {
  const { id, at, state, text } = message;
  return [id, at, nameOf(message.from), state, printable(text)];
}

/** The last column for programs, where a nudge and a recalled message have no text. */
export function plainKind({ kind, recalled, editedAt }: MessageJson): string {
  if (recalled) return 'recalled';
  return kind === 'text' && editedAt !== null ? 'edited' : kind;
}

/**
 * `14:03 alice: text`, further lines indented, above it what it answers, behind it how it stands; what is not yet with the
 * friend says so.
 */
export function messageBlock(
  invocation: Invocation,
  message: MessageJson,
  around: Surroundings,
  name: string,
): string[] {
  const { out } = invocation;
  const time = out.style('dim', localTime(message.at));
  if (message.kind === 'system')
    return [`${time} ${out.style('dim', `— ${systemText(invocation, message, around)} —`)}`];
  const [first = '', ...more] = said(invocation, message);
  const quote = message.replyTo === null ? [] : [quoteLine(invocation, around.quoteOf(message.replyTo))];
  const lines = [`${time} ${out.style('bold', name)}: ${first}`, ...more.map((line) => `    ${line}`)];
  const last = lines.pop()!;
  const reactions = reactionText(message);
  const marks = marksOf(invocation, message);
  const behind = [
    ...(reactions === '' ? [] : [reactions]),
    ...(marks.length === 0 ? [] : [out.style('dim', `(${marks.join('; ')})`)]),
  ];
  return [...quote, ...lines, [last, ...behind].join('  ')];
}

/** The state with its reason and the road. */
export function stateText({ text, translator }: Pick<Invocation, 'text' | 'translator'>, message: MessageJson): string {
  const { state, expiresAt } = message;
  const isKept = state === 'stored' && expiresAt !== null;
  const word = isKept ? text('state.stored-until', { date: localTime(expiresAt) }) : text(`state.${state}`);
  const because = message.reason ? `: ${codeText(translator, 'message-reason', message.reason)}` : '';
  const { path } = message;
  // What lies in the mailbox says so by its state.
  const isArrived = message.state === 'delivered' || message.state === 'read';
  const isNews = path !== null && (isArrived || path.kind !== 'mailbox');
  return isNews ? `${word}${because}, ${roadText({ text }, path)}` : `${word}${because}`;
}

/** `👍 ❤️×2`, in the order in which they came. */
export function reactionText({ reactions }: MessageJson): string {
  const counts = new Map<string, number>();
  for (const { emoji } of reactions) counts.set(emoji, (counts.get(emoji) ?? 0) + 1);
  return [...counts].map(([emoji, count]) => `${printable(emoji)}${count > 1 ? `×${count}` : ''}`).join(' ');
}

export function systemText(
  { translator }: Pick<Invocation, 'translator'>,
  message: MessageJson,
  { nameOf }: Pick<Surroundings, 'nameOf'>,
): string {
  const key = `system.${message.text}`;
  return translator.has(key) ? translator.text(key, { who: nameOf(message.chat) }) : printable(message.text);
}

/** What somebody said, or what stands in its place, line by line. */
function said({ text }: Pick<Invocation, 'text'>, message: MessageJson): string[] {
  if (message.recalled) return [text('msg.recalled')];
  switch (message.kind) {
    case 'nudge':
      return [text('msg.nudge')];
    case 'unsupported':
      return [text('msg.unsupported')];
    case 'void':
      return [text('msg.deleted')];
    case 'text':
    case 'system':
    case 'edit':
    case 'recall':
    case 'reaction':
      return printableLines(message.text);
  }
}

function marksOf(invocation: Invocation, message: MessageJson): string[] {
  const { text } = invocation;
  return [
    ...(message.editedAt === null || message.recalled ? [] : [text('msg.edited')]),
    ...(message.direction === 'out' ? [stateText(invocation, message)] : []),
    ...(message.pendingChanges > 0 ? [text('msg.pending', { count: message.pendingChanges })] : []),
    ...(message.returned ? [text('msg.returned')] : []),
  ];
}

function quoteLine({ out, text }: Invocation, quote: string | undefined): string {
  return out.style('dim', `      ↩ ${quote ?? text('msg.quote-unknown')}`);
}

function firstLine([line = '']: readonly string[]): string {
  const characters = [...line];
  return characters.length <= QUOTE_CODE_POINTS_MAX ? line : `${characters.slice(0, QUOTE_CODE_POINTS_MAX).join('')}…`;
}
