/** A step of a handshake message: send a key, or mix in a Diffie-Hellman (initiator's key first) or the psk. */
export type NoiseToken = 'e' | 's' | 'ee' | 'es' | 'se' | 'ss' | 'psk';

export interface NoisePattern {
  /** True when the responder knows the initiator's static key beforehand, and the other way round. */
  readonly initiatorStaticKnown: boolean;
  readonly responderStaticKnown: boolean;
  /** The initiator writes the first, then they take turns. */
  readonly messages: readonly (readonly NoiseToken[])[];
  readonly usesPsk: boolean;
}

/**
 * Noise revision 34, sections 7.4, 7.5 and 18.1: known static keys before the colon, messages after it. Magpie speaks
 * XX, IK and IKpsk2; the others stand here because the public vectors for them prove the same machine.
 */
const PATTERNS = {
  N: 's<:e es',
  K: '>s s<:e es ss',
  X: 's<:e es s ss',
  NN: ':e|e ee',
  NK: 's<:e es|e ee',
  NX: ':e|e ee s es',
  XN: ':e|e ee|s se',
  XK: 's<:e es|e ee|s se',
  XX: ':e|e ee s es|s se',
  KN: '>s:e|e ee se',
  KK: '>s s<:e es ss|e ee se',
  KX: '>s:e|e ee se s es',
  IN: ':e s|e ee se',
  IK: 's<:e es s ss|e ee se',
  IX: ':e s|e ee se s es',
  NK1: 's<:e|e ee es',
  NX1: ':e|e ee s|es',
  X1N: ':e|e ee|s|se',
  X1K: 's<:e es|e ee|s|se',
  XK1: 's<:e|e ee es|s se',
  X1K1: 's<:e|e ee es|s|se',
  X1X: ':e|e ee s es|s|se',
  XX1: ':e|e ee s|es s se',
  X1X1: ':e|e ee s|es s|se',
  K1N: '>s:e|e ee|se',
  K1K: '>s s<:e es|e ee|se',
  KK1: '>s s<:e|e ee se es',
  K1K1: '>s s<:e|e ee es|se',
  K1X: '>s:e|e ee s es|se',
  KX1: '>s:e|e ee se s|es',
  K1X1: '>s:e|e ee s|se es',
  I1N: ':e s|e ee|se',
  I1K: 's<:e es s|e ee|se',
  IK1: 's<:e s|e ee se es',
  I1K1: 's<:e s|e ee es|se',
  I1X: ':e s|e ee s es|se',
  IX1: ':e s|e ee se s|es',
  I1X1: ':e s|e ee s|se es',
} as const satisfies Record<string, string>;

type PlainName = keyof typeof PATTERNS;
/** `psk0` mixes the psk at the start of the first message, `pskN` at the end of message N (section 9.4). */
export type NoisePatternName = PlainName | `${PlainName}psk${0 | 1 | 2 | 3}`;

const compiled = new Map<NoisePatternName, NoisePattern>();

export function noisePattern(name: NoisePatternName): NoisePattern {
  const known = compiled.get(name);
  if (known) return known;
  const pattern = compile(name);
  compiled.set(name, pattern);
  return pattern;
}

function compile(name: NoisePatternName): NoisePattern {
  const [plain, pskPlace] = name.split('psk') as [PlainName, string?];
  const [known, body] = PATTERNS[plain].split(':') as [string, string];
  const messages = body.split('|').map((message) => message.split(' ') as NoiseToken[]);
  if (pskPlace === '0') messages[0]!.unshift('psk');
  else if (pskPlace !== undefined) messages[Number(pskPlace) - 1]!.push('psk');
  return {
    initiatorStaticKnown: known.includes('>s'),
    responderStaticKnown: known.includes('s<'),
    messages,
    usesPsk: pskPlace !== undefined,
  };
}
