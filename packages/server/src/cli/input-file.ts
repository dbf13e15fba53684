import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { CliError } from './cli-error.ts';
import { EXIT } from './exit-codes.ts';
import type { CliPorts } from './ports.ts';

/**
 * The text of a file, or of standard input for `-`, without a byte order mark. Stops at the limit, so that a wrong pipe
 * fills no memory.
 * @throws CliError
 */
export async function readTextFile(ports: CliPorts, path: string, bytesMax: number): Promise<string> {
  const bytes = await readAtMost(path === '-' ? ports.stdin : createReadStream(path), path, bytesMax);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new CliError('NOT_UTF8', EXIT.usage, 'input.not-utf8', { path });
  }
}

async function readAtMost(stream: Readable, path: string, bytesMax: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const part of stream) {
      const bytes = Buffer.from(part as Uint8Array | string);
      length += bytes.length;
      if (length > bytesMax) throw new CliError('TOO_LARGE', EXIT.usage, 'input.too-large', { path, max: bytesMax });
      parts.push(bytes);
    }
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    const detail = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    throw new CliError('UNREADABLE', EXIT.usage, 'input.unreadable', { path, detail });
  }
  return Buffer.concat(parts);
}
