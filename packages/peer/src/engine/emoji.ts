import { EMOJI_BYTES_MAX } from '@magpie/common/limits.ts';

/** All emoji that Unicode recommends for interchange (UTS 51), those of several code points included. */
const ONE_EMOJI = /^\p{RGI_Emoji}$/v;
/** Asks for the picture where a character has a plain form as well. */
const EMOJI_PRESENTATION = '\ufe0f';

/** @returns the one emoji that this is, in the form that is the same for everybody; undefined when it is none */
export function parseEmoji(text: string): string | undefined {
  const emoji = text.trim();
  if (Buffer.byteLength(emoji) + EMOJI_PRESENTATION.length * 3 > EMOJI_BYTES_MAX) return undefined;
  return [emoji, `${emoji}${EMOJI_PRESENTATION}`].find((each) => ONE_EMOJI.test(each));
}
