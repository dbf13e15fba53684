import type { TextKey, TextValues, Translator } from '@magpie/common/i18n/translator.ts';
import type { RpcError } from '@magpie/common/rpc/rpc-message.ts';
import { CommanderError } from 'commander';
import { CliError } from './cli-error.ts';
import { codeText, linkErrorText } from './code-text.ts';
import { EXIT } from './exit-codes.ts';
import { printable } from './printable.ts';

export interface Failure {
  readonly exit: number;
  readonly json: object;
  readonly lines: readonly string[];
}

/**
 * Any error as the one object, or the two lines, that a user gets: what is wrong, and what to do next.
 * @param command that was meant, as far as it is one: `draft`
 */
export function describeFailure(thrown: unknown, translator: Translator, magpie: string, command: string): Failure {
  const usage = { magpie, command: command === '' ? '' : ` ${command}` };
  if (thrown instanceof CommanderError) return usageFailure(thrown, translator, usage);
  if (!(thrown instanceof CliError)) return internalFailure(thrown, translator, magpie);
  const { error, exit, extras } = thrown;
  const values = safeValues({
    ...usage,
    because: because(error, translator),
    ...extras.values,
    ...error.detail,
    ...detailTexts(error, translator),
    ...retryValue(error),
  });
  const message = extras.sentence ? translator.text(extras.sentence, values) : sentenceOf(error, translator, values);
  const hint = extras.hint ? translator.text(extras.hint, values) : hintOf(error, translator, values);
  const json = {
    error: {
      code: error.code,
      exit,
      message,
      hint,
      ...(error.refusal === undefined ? {} : { refusal: error.refusal }),
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
      ...(error.detail === undefined ? {} : { detail: error.detail }),
    },
    ...extras.json,
  };
  return { exit, json, lines: [`magpie: ${message}`, hint] };
}

function sentenceOf(error: RpcError, translator: Translator, values: TextValues): string {
  const own = `error.${keyOf(error, translator)}`;
  const refusal = `refusal.${error.refusal}`;
  if (error.code === 'SERVER_REFUSED' && translator.has(refusal)) return translator.text(refusal, values);
  return translator.text(translator.has(own) ? own : 'error.INTERNAL', values);
}

function hintOf(error: RpcError, translator: Translator, values: TextValues): string {
  const own = `hint.${keyOf(error, translator)}`;
  const refusal = `hint.refusal.${error.refusal}`;
  if (error.code === 'SERVER_REFUSED' && translator.has(refusal)) return translator.text(refusal, values);
  return translator.text(translator.has(own) ? own : 'hint.INTERNAL', values);
}

/** Some errors have other words for some kinds of what they are about. */
function keyOf({ code, detail }: RpcError, translator: Translator): string {
  const ofKind = `${code}.${detail?.what}`;
  return translator.has(`error.${ofKind}`) ? ofKind : code;
}

function usageFailure(error: CommanderError, translator: Translator, usage: TextValues): Failure {
  const message = usageSentence(error, translator);
  const hint = translator.text('hint.USAGE', usage);
  return {
    exit: EXIT.usage,
    json: { error: { code: 'USAGE', exit: EXIT.usage, message, hint } },
    lines: [`magpie: ${message}`, hint],
  };
}

const SENTENCE_OF_USAGE: Readonly<Record<string, TextKey>> = {
  'commander.unknownOption': 'usage.unknown-option',
  'commander.unknownCommand': 'usage.unknown-command',
  'commander.missingArgument': 'usage.missing-argument',
  'commander.optionMissingArgument': 'usage.option-value-missing',
  'commander.excessArguments': 'usage.excess-arguments',
  'commander.help': 'usage.command-missing',
};

/** Commander's own sentences are English; the word they quote and the likely word are taken out of them. */
function usageSentence(error: CommanderError, translator: Translator): string {
  const given = printable(/'([^']*)'/.exec(error.message)?.[1] ?? '');
  const likely = /Did you mean (?:one of )?([^?]*)\?/.exec(error.message)?.[1];
  const sentence = translator.text(SENTENCE_OF_USAGE[error.code] ?? 'error.USAGE', { given });
  return likely ? `${sentence} ${translator.text('usage.did-you-mean', { likely: printable(likely) })}` : sentence;
}

function internalFailure(thrown: unknown, translator: Translator, magpie: string): Failure {
  const cause = thrown instanceof Error ? printable(thrown.message) : '';
  const message = translator.text('error.INTERNAL', { magpie });
  const hint = translator.text('hint.INTERNAL', { magpie });
  const lines = [`magpie: ${message} ${cause}`.trimEnd(), hint];
  return { exit: EXIT.internal, json: { error: { code: 'INTERNAL', exit: EXIT.internal, message, hint } }, lines };
}

/** Why the server cannot be reached; a word of the system that no catalogue knows, for those who know it. */
function because({ detail }: RpcError, translator: Translator): string {
  return detail?.reason === undefined ? '' : ` (${linkErrorText(translator, String(detail.reason))})`;
}

/** The codes among the values of a sentence, in words. */
function detailTexts({ code, detail }: RpcError, translator: Translator): TextValues {
  const { problem, cause, reason } = detail ?? {};
  return {
    ...(problem === undefined ? {} : { cause: codeText(translator, 'problem', String(problem), String(cause ?? '')) }),
    ...(code === 'MESSAGE_REFUSED' ? { reason: codeText(translator, 'message-reason', String(reason ?? '')) } : {}),
  };
}

function retryValue(error: RpcError): TextValues {
  return { seconds: Math.max(1, Math.ceil((error.retryAfterMs ?? 0) / 1_000)) };
}

function safeValues(values: TextValues): TextValues {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, typeof value === 'string' ? printable(value) : value]),
  );
}
