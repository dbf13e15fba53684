import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OPEN_FILES, SealedFiles } from './file-seal.ts';
import { IDENTITY_FILE_NAME, IdentityFile, loadOrCreateIdentity } from './identity-file.ts';
import { MailboxKeyFile } from './mailbox-key-file.ts';
import { openProfileKey, ProfileKey, saveProfileKey } from './profile-key-file.ts';
import { SystemRandom } from './system-random.ts';

const random = new SystemRandom();
const PASSPHRASE = 'correct horse 电池';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'magpie-seal-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('[R30] the key of a profile with a passphrase', () => {
  it('comes back with the passphrase, however that was typed, and with no other', async () => {
    const key = ProfileKey.random(random);
    await saveProfileKey(folder, key, PASSPHRASE, random);
    const again = await openProfileKey(folder, 'ｃorrect horse 电池');
    expect(again.ok && again.value.database).toEqual(key.database);
    expect(again.ok && again.value.files).toEqual(key.files);
    expect(key.files).not.toEqual(key.database);
    expect(await openProfileKey(folder, 'correct horse')).toMatchObject({
      ok: false,
      error: { code: 'passphrase-wrong' },
    });
  });

  it('stays when the passphrase changes', async () => {
    const key = ProfileKey.random(random);
    await saveProfileKey(folder, key, PASSPHRASE, random);
    await saveProfileKey(folder, key, 'another passphrase', random);
    const again = await openProfileKey(folder, 'another passphrase');
    expect(again.ok && again.value.database).toEqual(key.database);
    expect(await openProfileKey(folder, PASSPHRASE)).toMatchObject({ ok: false });
  });

  it('is absent where there is none, and corrupt rather than wrong when its file is damaged', async () => {
    expect(await openProfileKey(folder, PASSPHRASE)).toMatchObject({ ok: false, error: { code: 'absent' } });
    await saveProfileKey(folder, ProfileKey.random(random), PASSPHRASE, random);
    const path = join(folder, 'profile.key');
    const text = readFileSync(path, 'latin1');
    for (const damaged of [text.slice(0, -2), text.replace('key ', 'key 0'), text.replace(/ 3 4 /, ' 3 5 '), '']) {
      writeFileSync(path, damaged);
      expect(await openProfileKey(folder, PASSPHRASE)).toMatchObject({ ok: false, error: { code: 'corrupt' } });
    }
    writeFileSync(path, text.replace('magpie-profile-key 1', 'magpie-profile-key 2'));
    expect(await openProfileKey(folder, PASSPHRASE)).toMatchObject({ ok: false, error: { code: 'newer-version' } });
  });

  it('cannot be made to take gigabytes', async () => {
    const text = await ProfileKey.random(random).wrapped(PASSPHRASE, random);
    expect(text).toMatch(/^magpie-profile-key 1\nargon2id 65536 3 4 /);
    expect(await ProfileKey.unwrapped(text.replace('65536', '9999999'), PASSPHRASE)).toEqual({
      ok: false,
      error: 'corrupt',
    });
  });
});

describe('[R30] sealed key files', () => {
  const seal = new SealedFiles(ProfileKey.random(random).files, random);

  it('open under their own name only, and not when a byte was changed', () => {
    const sealed = seal.seal('a.key', 'secret');
    expect(sealed).not.toContain(Buffer.from('secret').toString('hex'));
    expect(seal.seal('a.key', 'secret')).not.toBe(sealed);
    expect(seal.open('a.key', sealed)).toEqual({ ok: true, value: 'secret' });
    expect(seal.open('b.key', sealed)).toEqual({ ok: false, error: 'corrupt' });
    for (const damaged of [
      flipped(sealed, 20),
      flipped(sealed, -3),
      sealed.slice(0, 40),
      `${sealed}x`,
      'magpie-sealed 1\n',
    ]) {
      expect(seal.open('a.key', damaged)).toEqual({ ok: false, error: 'corrupt' });
    }
    expect(seal.open('a.key', 'magpie-identity 1\n')).toEqual({ ok: false, error: 'half-encrypted' });
  });

  it('hold the identity and what was before it, and say nothing without the key', async () => {
    const made = await loadOrCreateIdentity(folder, random, { mayCreate: true, seal });
    if (!made.ok) throw new Error(made.error.code);
    await new IdentityFile(folder, random, seal).replaceAccountSeed(new Uint8Array(32).fill(9));
    const again = await loadOrCreateIdentity(folder, random, { mayCreate: false, seal });
    expect(again.ok && again.value).toEqual({ ...made.value, accountSeed: new Uint8Array(32).fill(9) });
    for (const name of [IDENTITY_FILE_NAME, `${IDENTITY_FILE_NAME}.old`]) {
      const text = readFileSync(join(folder, name), 'latin1');
      for (const secret of Object.values(made.value)) expect(text).not.toContain(Buffer.from(secret).toString('hex'));
    }
    const closed = await loadOrCreateIdentity(folder, random, { mayCreate: true, seal: OPEN_FILES });
    expect(closed).toMatchObject({ ok: false, error: { code: 'corrupt' } });
  });

  it('hold the links of the mailbox key', async () => {
    const secret = new Uint8Array(32).fill(0xab);
    const chains = [{ generation: 1, oldestStep: 0, oldestSecret: secret, publishedStep: 0, publishedAtMs: 5 }];
    await new MailboxKeyFile(folder, random, seal).save({ chains });
    expect(readFileSync(join(folder, 'mailbox.key'), 'latin1')).not.toContain('abababab');
    expect(await new MailboxKeyFile(folder, random, seal).load()).toEqual({ chains });
    await expect(new MailboxKeyFile(folder, random).load()).rejects.toMatchObject({ code: 'corrupt' });
  });
});

/** Another hex digit at that place. */
function flipped(text: string, at: number): string {
  const place = at < 0 ? text.length + at : at;
  return `${text.slice(0, place)}${text[place] === '0' ? '1' : '0'}${text.slice(place + 1)}`;
}
