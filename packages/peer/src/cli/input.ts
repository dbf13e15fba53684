import { open } from 'node:fs/promises';
import { CliError } from './cli-error.ts';
import type { CliPorts } from './ports.ts';

/** What an editor or echo puts at the end. */
const LINE_BREAK_BYTES_MAX = 2;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });

/**
 * The text of a file, or of stdin for `-`, without one final line break.
 * @param bytesMax what is longer is refused before it is read to the end
 */
export async function readTextInput(ports: CliPorts, source: string, bytesMax: number): Promise<string> {
  const bytes = source === '-' ? await readStream(ports.stdin, bytesMax) : await readFileStart(source, bytesMax);
  if (bytes.length > bytesMax + LINE_BREAK_BYTES_MAX) throw new CliError({ code: 'TEXT_TOO_LARGE' });
  const text = decoded(bytes).replace(/\r?\n$/, '');
  if (Buffer.byteLength(text) > bytesMax) throw new CliError({ code: 'TEXT_TOO_LARGE' });
  return text;
}

function decoded(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new CliError({ code: 'BAD_TEXT' });
  }
}

async function readStream(stream: AsyncIterable<unknown>, bytesMax: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of stream) {
    const buffer = Buffer.from(part as Uint8Array | string);
    parts.push(buffer);
    bytes += buffer.length;
    if (bytes > bytesMax + LINE_BREAK_BYTES_MAX) break;
  }
  return Buffer.concat(parts);
}

async function readFileStart(path: string, bytesMax: number): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r');
    const buffer = Buffer.alloc(bytesMax + LINE_BREAK_BYTES_MAX + 1);
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return buffer.subarray(0, length);
  } catch (error) {
    const cause = (error as NodeJS.ErrnoException).code ?? 'EIO';
    throw new CliError({ code: 'FILE_UNREADABLE', detail: { file: path, cause } });
  }
}
