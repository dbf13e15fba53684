import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import { MAILBOX_STEP_MAX } from '@magpie/common/channel/mailbox-key.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { MailboxChain, MailboxKeyKeeper, MailboxLinks } from '../engine/mailbox-key-keeper.ts';
import { type FileSeal, OPEN_FILES } from './file-seal.ts';
import {
  isErrno,
  type PrivateFileError,
  preparePrivateFile,
  readPrivateFile,
  removeUnfinished,
  replacePrivateFile,
  unreadable,
} from './private-file.ts';

export const MAILBOX_KEY_FILE_NAME = 'mailbox.key';
const VERSION = 1;
/** Far above what version 1 needs; a larger file is not ours and is not read. */
const FILE_BYTES_MAX = 32_768;

/** Why the file is there and cannot be used. The fields are those of other problems of a profile. */
export class MailboxKeyFileError extends Error {
  override readonly name = 'MailboxKeyFileError';
  readonly code: PrivateFileError['code'] | 'corrupt' | 'newer-version' | 'half-encrypted';
  /** As of PrivateFileError; never a key. */
  readonly detail: string;

  constructor(code: MailboxKeyFileError['code'], detail: string) {
    super(`mailbox key file: ${code}`);
    this.code = code;
    this.detail = detail;
  }
}

/**
 * `mailbox.key` of a profile folder. Replaced as a whole: a link that was deleted is in no file any more. What a file
 * system, a disk or a backup keeps of an old one is out of reach.
 */
export class MailboxKeyFile implements MailboxKeyKeeper {
  readonly #path: string;
  readonly #random: RandomSource;
  readonly #seal: FileSeal;
  /** One replacement after the other: the last one asked for stays. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(folder: string, random: RandomSource, seal: FileSeal = OPEN_FILES) {
    this.#path = join(folder, MAILBOX_KEY_FILE_NAME);
    this.#random = random;
    this.#seal = seal;
  }

  async load(): Promise<MailboxLinks | undefined> {
    const present = await preparePrivateFile(this.#path, { create: false });
    if (!present.ok) throw new MailboxKeyFileError(present.error.code, present.error.detail);
    await this.#removeUnfinished();
    if (present.value === 'absent') return undefined;
    const text = await readPrivateFile(this.#path, FILE_BYTES_MAX);
    if (!text.ok) {
      const { code, detail } =
        text.error === 'too-large' ? { code: 'corrupt' as const, detail: this.#path } : text.error;
      throw new MailboxKeyFileError(code, detail);
    }
    const opened = this.#seal.open(MAILBOX_KEY_FILE_NAME, text.value);
    if (!opened.ok) throw new MailboxKeyFileError(opened.error, this.#path);
    const links = parseMailboxLinks(opened.value);
    if (!links.ok) throw new MailboxKeyFileError(links.error, this.#path);
    return links.value;
  }

  /** They hold links, too. */
  async #removeUnfinished(): Promise<void> {
    try {
      await removeUnfinished(this.#path);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return;
      const { code, detail } = unreadable(this.#path, error);
      throw new MailboxKeyFileError(code, detail);
    }
  }

  save(links: MailboxLinks): Promise<void> {
    const text = this.#seal.seal(MAILBOX_KEY_FILE_NAME, formatMailboxLinks(links));
    const saved = this.#last.then(() => replacePrivateFile(this.#path, text, this.#random));
    this.#last = saved.catch(() => undefined);
    return saved;
  }
}

/**
 * The format, version 1, lines of ASCII that each end in a line feed; a `chain` line for each, by rising generation:
 * ```
 * magpie-mailbox-key 1
 * chain <generation> <oldest step> <64 hex: secret of that link> <published step> <published at, ms>
 * check <64 hex: SHA-256 of the lines above>
 * ```
 */
export function formatMailboxLinks({ chains }: MailboxLinks): string {
  const lines = chains.map(({ generation, oldestStep, oldestSecret, publishedStep, publishedAtMs }) =>
    ['chain', generation, oldestStep, toHex(oldestSecret), publishedStep, publishedAtMs].join(' '),
  );
  const body = [`magpie-mailbox-key ${VERSION}`, ...lines, ''].join('\n');
  return `${body}check ${checksum(body)}\n`;
}

export function parseMailboxLinks(text: string): Result<MailboxLinks, 'corrupt' | 'newer-version'> {
  const version = /^magpie-mailbox-key ([0-9]{1,4})\n/.exec(text)?.[1];
  if (version === undefined) return err('corrupt');
  if (Number(version) > VERSION) return err('newer-version');
  const match = /^(magpie-mailbox-key 1\n(?:chain [0-9a-f ]{1,160}\n){1,64})check ([0-9a-f]{64})\n$/.exec(text);
  if (!match) return err('corrupt');
  const [, body = '', check = ''] = match;
  if (checksum(body) !== check) return err('corrupt');
  const chains: MailboxChain[] = [];
  for (const line of body.split('\n').slice(1, -1)) {
    const chain = parseChain(line);
    if (!chain || chain.generation <= (chains.at(-1)?.generation ?? 0)) return err('corrupt');
    chains.push(chain);
  }
  return ok({ chains });
}

function parseChain(line: string): MailboxChain | undefined {
  const match = /^chain ([0-9]{1,10}) ([0-9]{1,4}) ([0-9a-f]{64}) ([0-9]{1,4}) ([0-9]{1,16})$/.exec(line);
  if (!match) return undefined;
  const [, generation, oldestStep, secret = '', publishedStep, publishedAtMs] = match;
  const chain = {
    generation: Number(generation),
    oldestStep: Number(oldestStep),
    oldestSecret: fromHex(secret),
    publishedStep: Number(publishedStep),
    publishedAtMs: Number(publishedAtMs),
  };
  const isSound =
    chain.generation < 2 ** 32 && chain.oldestStep <= chain.publishedStep && chain.publishedStep <= MAILBOX_STEP_MAX;
  return isSound && Number.isSafeInteger(chain.publishedAtMs) ? chain : undefined;
}

function checksum(body: string): string {
  return createHash('sha256').update(body, 'latin1').digest('hex');
}
