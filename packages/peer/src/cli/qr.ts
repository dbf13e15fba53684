import type { Output } from './output.ts';

/** Modules of light around the code; readers need four in theory and two on a screen. */
const BORDER_MODULES = 2;

/** A QR code in half blocks: light is drawn and dark left out, as on a dark terminal; with colour it is so on any. */
export async function qrLines(out: Output, content: string): Promise<string[]> {
  if (out.json) return [];
  const { renderUnicodeCompact } = await import('uqr');
  const lines = renderUnicodeCompact(content, { border: BORDER_MODULES }).split('\n');
  return lines.map((line) => out.style('bgBlack', out.style('whiteBright', line)));
}
