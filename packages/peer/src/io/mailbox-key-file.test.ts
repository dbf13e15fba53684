import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RandomSource } from '@magpie/common/random.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MailboxLinks } from '../engine/mailbox-key-keeper.ts';
import {
  formatMailboxLinks,
  MAILBOX_KEY_FILE_NAME,
  MailboxKeyFile,
  type MailboxKeyFileError,
  parseMailboxLinks,
} from './mailbox-key-file.ts';

const links: MailboxLinks = {
  chains: [
    { generation: 1, oldestStep: 2, oldestSecret: bytes(1), publishedStep: 5, publishedAtMs: 1_790_000_000_000 },
    { generation: 3, oldestStep: 0, oldestSecret: bytes(2), publishedStep: 0, publishedAtMs: 0 },
  ],
};

describe('the file of mailbox keys', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'magpie-mailbox-key-'));
    path = join(folder, MAILBOX_KEY_FILE_NAME);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is absent at first, then read as it was saved, 0600, with nothing beside it', async () => {
    expect(await keeper().load()).toBeUndefined();
    await keeper().save(links);
    expect(await keeper().load()).toEqual(links);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual([MAILBOX_KEY_FILE_NAME]);
  });

  it('[MB6] holds no byte of a link that was deleted', async () => {
    await keeper().save(links);
    await keeper().save({ chains: links.chains.slice(1) });
    expect(readFileSync(path, 'latin1')).not.toContain('01'.repeat(32));
    expect(readdirSync(folder)).toEqual([MAILBOX_KEY_FILE_NAME]);
  });

  it('[MB6] leaves nothing of a save that was killed: what it had written is gone after the next start', async () => {
    await keeper().save(links);
    for (const name of [
      'mailbox.key.0123456789abcdef.new',
      'mailbox.key.fedcba9876543210.new',
      'mailbox.key.mine.new',
    ]) {
      writeFileSync(join(folder, name), 'link', { mode: 0o600 });
    }
    expect(await keeper().load()).toEqual(links);
    expect(readdirSync(folder).sort()).toEqual([MAILBOX_KEY_FILE_NAME, 'mailbox.key.mine.new']);
  });

  it('keeps what was saved last, also of two at once', async () => {
    const one = keeper();
    await Promise.all([one.save({ chains: links.chains.slice(0, 1) }), one.save(links)]);
    expect(await one.load()).toEqual(links);
  });

  it('when damaged anywhere is an error, and left as it is', async () => {
    await keeper().save(links);
    const whole = readFileSync(path, 'latin1');
    const damaged = ['', whole.slice(0, -1), `${whole}\n`, 'x'.repeat(20_000), formatMailboxLinks({ chains: [] })];
    for (let offset = 0; offset < whole.length; offset += 5) {
      const flipped = whole[offset] === '3' ? '4' : '3';
      damaged.push(whole.slice(0, offset) + flipped + whole.slice(offset + 1));
    }
    for (const text of damaged) {
      writeFileSync(path, text, { mode: 0o600 });
      expect(await failure(keeper().load())).toMatch(/^(corrupt|newer-version)$/);
      expect(readFileSync(path, 'latin1')).toBe(text);
    }
  });

  it('is refused when others may read it, and never followed through a link', async () => {
    await keeper().save(links);
    chmodSync(path, 0o604);
    expect(await failure(keeper().load())).toBe('permissions');
    const elsewhere = join(folder, 'elsewhere');
    writeFileSync(elsewhere, formatMailboxLinks(links), { mode: 0o600 });
    rmSync(path);
    symlinkSync(elsewhere, path);
    expect(await failure(keeper().load())).toBe('unreadable');
  });

  it('stays as it was when it cannot be replaced', async () => {
    await keeper().save(links);
    await expect(new MailboxKeyFile(join(folder, 'absent'), counting()).save(links)).rejects.toThrow();
    expect(readdirSync(folder)).toEqual([MAILBOX_KEY_FILE_NAME]);
    expect(await keeper().load()).toEqual(links);
  });

  it('of a newer version is told apart from a damaged one, and no error shows a key', async () => {
    expect(parseMailboxLinks('magpie-mailbox-key 2\nwhatever\n')).toEqual({ ok: false, error: 'newer-version' });
    writeFileSync(path, formatMailboxLinks(links).replace('check', 'chock'), { mode: 0o600 });
    const error = await keeper()
      .load()
      .catch((cause: Error) => cause);
    expect(JSON.stringify(error) + String(error)).not.toContain('01'.repeat(32));
  });

  it('is refused, though its check is right, when its chains cannot be', () => {
    const [first, second] = links.chains as [MailboxLinks['chains'][0], MailboxLinks['chains'][0]];
    const wrong = [
      [second, first],
      [first, first],
      [{ ...first, oldestStep: 6 }],
      [{ ...first, publishedStep: 5_000 }],
      [{ ...first, generation: 2 ** 32 }],
      [{ ...first, generation: 0 }],
    ];
    for (const chains of wrong) expect(parseMailboxLinks(formatMailboxLinks({ chains })).ok).toBe(false);
  });

  function keeper(): MailboxKeyFile {
    return new MailboxKeyFile(folder, counting());
  }
});

async function failure(loading: Promise<unknown>): Promise<string> {
  return loading.then(
    () => 'loaded',
    (cause: MailboxKeyFileError) => cause.code,
  );
}

function bytes(value: number): Uint8Array {
  return new Uint8Array(32).fill(value);
}

function counting(): RandomSource {
  let count = 0;
  return { bytes: (length) => new Uint8Array(length).fill(++count) };
}
