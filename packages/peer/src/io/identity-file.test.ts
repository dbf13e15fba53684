import {
  chmodSync,
  mkdirSync,
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
import {
  formatIdentity,
  IDENTITY_FILE_NAME,
  IdentityFile,
  loadOrCreateIdentity,
  parseIdentity,
} from './identity-file.ts';

describe('the identity file', () => {
  let above: string;
  let folder: string;
  let path: string;
  beforeEach(() => {
    above = mkdtempSync(join(tmpdir(), 'magpie-identity-'));
    folder = join(above, 'profile');
    path = join(folder, IDENTITY_FILE_NAME);
  });
  afterEach(() => rmSync(above, { recursive: true }));

  it('is made on first use, 0600 in a folder of 0700, and read from then on', async () => {
    const made = await loadOrCreateIdentity(folder, counting());
    expect(made).toMatchObject({ ok: true, value: { exchangeSecret: new Uint8Array(32).fill(1) } });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual([IDENTITY_FILE_NAME]);
    expect(await loadOrCreateIdentity(folder, counting(100))).toEqual(made);
  });

  it('is one identity, also when two programs make it at once', async () => {
    const both = await Promise.all([
      loadOrCreateIdentity(folder, counting(1)),
      loadOrCreateIdentity(folder, counting(50)),
    ]);
    expect(both[0]).toEqual(both[1]);
    expect(await loadOrCreateIdentity(folder, counting(99))).toEqual(both[0]);
    expect(readdirSync(folder)).toEqual([IDENTITY_FILE_NAME]);
  });

  it('is not made anew for a profile that is in use', async () => {
    const result = await loadOrCreateIdentity(folder, counting(), { mayCreate: false });
    expect(result).toMatchObject({ ok: false, error: { code: 'absent' } });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is refused when others may read it, with the command to type', async () => {
    await loadOrCreateIdentity(folder, counting());
    chmodSync(path, 0o604);
    const refused = await loadOrCreateIdentity(folder, counting());
    expect(refused).toMatchObject({ ok: false, error: { code: 'permissions' } });
    expect(JSON.stringify(refused)).toContain(`chmod 600 '${path}'`);
  });

  it('is refused in a folder that others may use, with the command to type', async () => {
    mkdirSync(folder, { mode: 0o755 });
    chmodSync(folder, 0o755);
    const refused = await loadOrCreateIdentity(folder, counting());
    expect(refused).toMatchObject({ ok: false, error: { code: 'permissions' } });
    expect(JSON.stringify(refused)).toContain(`chmod 700 '${folder}'`);
  });

  it('is never followed through a link', async () => {
    mkdirSync(folder, { mode: 0o700 });
    writeFileSync(join(above, 'elsewhere'), 'x', { mode: 0o600 });
    symlinkSync(join(above, 'elsewhere'), path);
    expect(await loadOrCreateIdentity(folder, counting())).toMatchObject({ error: { code: 'unreadable' } });
  });

  it('when damaged anywhere is reported, and left as it is', async () => {
    await loadOrCreateIdentity(folder, counting());
    const whole = readFileSync(path, 'latin1');
    const damaged = ['', whole.slice(0, -1), `${whole}\n`, whole.replace('01', '02'), 'x'.repeat(5_000)];
    for (let offset = 0; offset < whole.length; offset += 7) {
      const flipped = whole[offset] === '3' ? '4' : '3';
      damaged.push(whole.slice(0, offset) + flipped + whole.slice(offset + 1));
    }
    for (const text of damaged) {
      writeFileSync(path, text, { mode: 0o600 });
      const result = await loadOrCreateIdentity(folder, counting());
      expect(result.ok ? 'loaded' : result.error.code).toMatch(/^(corrupt|newer-version)$/);
      expect(readFileSync(path, 'latin1')).toBe(text);
    }
  });

  it('of a newer version is told apart from a damaged one', () => {
    expect(parseIdentity('magpie-identity 2\nwhatever\n')).toEqual({ ok: false, error: 'newer-version' });
    expect(parseIdentity('magpie-identity 0\n')).toEqual({ ok: false, error: 'corrupt' });
  });

  it('takes the account key of an account that the device joins, and keeps its own keys', async () => {
    const made = await loadOrCreateIdentity(folder, counting());
    const keeper = new IdentityFile(folder, counting(70));
    await Promise.all([keeper.replaceAccountSeed(new Uint8Array(32).fill(8)), keeper.replaceAccountSeed(NEW_SEED)]);
    expect(await loadOrCreateIdentity(folder, counting())).toEqual({
      ok: true,
      value: { ...(made.ok ? made.value : {}), accountSeed: NEW_SEED },
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).sort()).toEqual([IDENTITY_FILE_NAME, `${IDENTITY_FILE_NAME}.old`]);
  });

  it('keeps what it replaces beside it, as an identity that can be put back', async () => {
    await loadOrCreateIdentity(folder, counting());
    const whole = readFileSync(path, 'latin1');
    await new IdentityFile(folder, counting(70)).replaceAccountSeed(NEW_SEED);
    expect(readFileSync(`${path}.old`, 'latin1')).toBe(whole);
    expect(statSync(`${path}.old`).mode & 0o777).toBe(0o600);
  });

  it('keeps the old account key, whole, when the new one cannot be written', async () => {
    await loadOrCreateIdentity(folder, counting());
    const whole = readFileSync(path, 'latin1');
    // The same draw of chance names the same temporary file, and that one is there already.
    const temporary = `${path}.${'07'.repeat(8)}.new`;
    mkdirSync(temporary);
    const keeper = new IdentityFile(folder, { bytes: (length) => new Uint8Array(length).fill(7) });
    await expect(keeper.replaceAccountSeed(NEW_SEED)).rejects.toThrow();
    expect(readFileSync(path, 'latin1')).toBe(whole);
    rmSync(temporary, { recursive: true });
    await keeper.replaceAccountSeed(NEW_SEED);
    expect(readFileSync(path, 'latin1')).not.toBe(whole);
  });

  it('that is gone or damaged is not made up again from an account key', async () => {
    await loadOrCreateIdentity(folder, counting());
    writeFileSync(path, 'damaged', { mode: 0o600 });
    const keeper = new IdentityFile(folder, counting(70));
    await expect(keeper.replaceAccountSeed(NEW_SEED)).rejects.toThrow('corrupt');
    rmSync(path);
    await expect(keeper.replaceAccountSeed(NEW_SEED)).rejects.toThrow('absent');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('has the documented form', () => {
    const seed = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
    const identity = { exchangeSecret: seed(1), signSeed: seed(2), accountSeed: seed(0xff) };
    const text = formatIdentity(identity);
    expect(text.split('\n').slice(0, 4)).toEqual([
      'magpie-identity 1',
      `exchange ${'01'.repeat(32)}`,
      `sign ${'02'.repeat(32)}`,
      `account ${'ff'.repeat(32)}`,
    ]);
    expect(parseIdentity(text)).toEqual({ ok: true, value: identity });
  });

  it('says nothing of the keys in its errors', async () => {
    await loadOrCreateIdentity(folder, counting());
    writeFileSync(path, readFileSync(path, 'latin1').replace('check', 'chekc'), { mode: 0o600 });
    const error = JSON.stringify(await loadOrCreateIdentity(folder, counting()));
    expect(error).not.toMatch(/0101|0202|0303/);
  });
});

const NEW_SEED = new Uint8Array(32).fill(9);

/** Seeds that tell which draw they are. */
function counting(from = 1): RandomSource {
  let next = from;
  return { bytes: (length) => new Uint8Array(length).fill(next++) };
}
