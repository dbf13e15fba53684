import { LinkifyIt } from 'linkify-it';
import { LINKS_MAX } from './limits.ts';

export type LinkPart =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'link';
      /** To show: without characters that hide or turn others, and with the host as it is really asked for when it may deceive. */
      readonly text: string;
      readonly href: string;
      /** The host mixes alphabets that are not written together, or holds what passes for another sign: it may look like another one. */
      readonly mixedScript: boolean;
    };

const linkify = new LinkifyIt({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'mailto:']);

/** Where a link begins in a text without spaces, and where a host in ASCII ends before Chinese that goes on. */
const PIECES = /(?=https?:\/\/|mailto:)|(?<=https?:\/\/[^\s/?#:@]{0,253}\.[a-z]{2,24})(?=\p{Script=Han})/giu;
/** What turns the direction of a text or cannot be seen. */
const UNSEEN = /\p{Default_Ignorable_Code_Point}/gu;
/** Of a host: strokes and marks that pass for `/`, `.` or `:`, loose accents, blanks, and Latin letters of phonetics that pass for others. */
const LOOKALIKE = /[\u01c0-\u01c3\u0250-\u02ff\u2800]|\p{Script=Inherited}|(?![\p{ASCII}\u30fc])[\p{P}\p{S}\p{Z}]/u;
const SCRIPTS = ['Latin', 'Han', 'Hiragana', 'Katakana', 'Hangul', 'Bopomofo', 'Cyrillic', 'Greek', 'Arabic', 'Hebrew'];
const SCRIPT_PATTERNS = SCRIPTS.map((name) => ({ name, pattern: new RegExp(`\\p{Script=${name}}`, 'u') }));
/** Written together by people, each also with Latin: Chinese, Japanese, Korean. */
const TOGETHER = [
  new Set(['Latin', 'Han', 'Bopomofo']),
  new Set(['Latin', 'Han', 'Hiragana', 'Katakana']),
  new Set(['Latin', 'Han', 'Hangul']),
];

/**
 * A text as plain parts and links (http, https, mailto), in order and without loss: the texts of the plain parts and the
 * sources of the links make up the whole. Links may stand right behind or before Chinese.
 */
export function splitLinks(text: string): readonly LinkPart[] {
  const parts: LinkPart[] = [];
  let plainFrom = 0;
  let pieceFrom = 0;
  let links = 0;
  for (const piece of text.split(PIECES)) {
    const match = links < LINKS_MAX && /^(https?:\/\/|mailto:)/i.test(piece) ? linkify.matchAtStart(piece) : null;
    const link = match && linkOf(match.raw, match.url);
    if (match && link) {
      if (pieceFrom > plainFrom) parts.push({ type: 'text', text: text.slice(plainFrom, pieceFrom) });
      parts.push(link);
      links++;
      plainFrom = pieceFrom + match.raw.length;
    }
    pieceFrom += piece.length;
  }
  if (plainFrom < text.length) parts.push({ type: 'text', text: text.slice(plainFrom) });
  return parts;
}

function linkOf(raw: string, url: string): LinkPart | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !SCHEMES.has(parsed.protocol)) return undefined;
  const shown = raw.replace(UNSEEN, '');
  const host = /^https?:\/\/([^/?#]*)/i.exec(shown)?.[1] ?? /^mailto:[^@]*@([^?]*)/i.exec(shown)?.[1] ?? '';
  const mixedScript = LOOKALIKE.test(host.normalize('NFC')) || mixesScripts(host);
  if (!mixedScript && !isRewritten(host, parsed)) return { type: 'link', text: shown, href: parsed.href, mixedScript };
  const asked = parsed.protocol === 'mailto:' ? parsed.href : shown.replace(host, parsed.host);
  return { type: 'link', text: asked, href: parsed.href, mixedScript };
}

/** Signs that stand for others, as the wide forms of letters, and numbers written so that nobody knows them: `0x7f.1`. */
function isRewritten(host: string, { protocol, hostname }: URL): boolean {
  if (host.normalize('NFKC') !== host.normalize('NFC')) return true;
  const name = host.replace(/:\d*$/, '').toLowerCase();
  return protocol !== 'mailto:' && /^\p{ASCII}*$/u.test(name) && name !== hostname;
}

/** The whole host, its last label included: `пример.рф` and `例子.com` are fine, an `а` of another alphabet in `apple.com` is not. */
function mixesScripts(host: string): boolean {
  const scripts = SCRIPT_PATTERNS.filter(({ pattern }) => pattern.test(host)).map(({ name }) => name);
  const known = /^[\p{Script=Common}\p{Script=Inherited}]*$/u;
  const rest = SCRIPT_PATTERNS.reduce((text, { pattern }) => text.replaceAll(new RegExp(pattern, 'gu'), ''), host);
  const all = known.test(rest) ? scripts : [...scripts, 'other'];
  if (all.length < 2) return false;
  return !TOGETHER.some((together) => all.every((script) => together.has(script)));
}
