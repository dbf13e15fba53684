import type { TextKey } from '@magpie/common/i18n/translator.ts';
import type { ApiReference, Field } from '@magpie/common/rpc/api-reference.ts';
import { LOCAL_ERROR_CODES } from '@magpie/common/rpc/rpc-message.ts';
import { COMMAND_ERROR_CODES } from '../engine/command-error.ts';
import type { Invocation } from './invocation.ts';

/** `magpie help api`: the reference of the local API as Markdown, and the same for programs. */
export async function printApiHelp({ out, text, translator }: Invocation): Promise<void> {
  const { apiReference } = await import('@magpie/common/rpc/api-reference.ts');
  const reference = apiReference();
  const errors = [...COMMAND_ERROR_CODES, ...LOCAL_ERROR_CODES].map((code) => {
    const key = `error.${code}`;
    return { code, sentence: translator.has(key) ? text(key) : '' };
  });
  out.data({ ...reference, errors }, markdown(text, reference, errors));
}

function markdown(
  text: (key: TextKey) => string,
  { methods, events, shapes }: ApiReference,
  errors: readonly { readonly code: string; readonly sentence: string }[],
): readonly string[] {
  return [
    `# ${text('api.title')}`,
    '',
    ...text('api.intro').split('\n'),
    '',
    `## ${text('api.methods')}`,
    ...methods.flatMap(({ name, params, result }) => [
      '',
      `### ${name}`,
      '',
      ...(params.length === 0 ? [text('api.no-params')] : params.map(fieldLine)),
      '',
      `→ \`${result}\``,
    ]),
    '',
    `## ${text('api.events')}`,
    '',
    ...events.map(({ type, data }) => `- \`${type}\` \`${data}\``),
    '',
    `## ${text('api.shapes')}`,
    ...shapes.flatMap(({ name, fields }) => ['', `### ${name}`, '', ...fields.map(fieldLine)]),
    '',
    `## ${text('api.errors')}`,
    '',
    ...errors.map(({ code, sentence }) => `- \`${code}\` ${sentence}`.trimEnd()),
  ];
}

function fieldLine({ name, optional, type }: Field): string {
  return `- \`${name}${optional ? '?' : ''}: ${type}\``;
}
