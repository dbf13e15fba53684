import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { passwordFault } from '../accounts/credential-rules.ts';
import { generatePassword } from './passwords.ts';
import { PasswordsFile } from './passwords-file.ts';

describe('a generated password', () => {
  it('is strong by the rules that people meet, easy to type, and never the same', () => {
    const made = Array.from({ length: 200 }, () => generatePassword());
    expect(new Set(made).size).toBe(200);
    for (const password of made) {
      expect(password).toMatch(/^([a-hj-km-np-z2-9]{4}-){3}[a-hj-km-np-z2-9]{4}$/);
      expect(passwordFault(password, 'alice')).toBeUndefined();
    }
  });

  it('takes each sign equally often: bytes beyond the last whole alphabet are thrown away', () => {
    const bytes = [255, 248, 0, 247, ...new Array(20).fill(1)];
    const random = { bytes: () => Uint8Array.of(bytes.shift()!) };
    expect(generatePassword(random)).toBe('a9bb-bbbb-bbbb-bbbb');
  });
});

describe('the file of generated passwords', () => {
  const alice = { name: 'alice', password: 'aaaa-bbbb' };
  const bob = { name: 'bob', password: 'cccc-dddd' };
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'magpie-passwords-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is new, private and beside the file that it belongs to', () => {
    const { path } = PasswordsFile.create(undefined, join(folder, 'class.csv'), [alice, bob]);
    expect(path).toBe(join(folder, 'class.passwords.csv'));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).toBe('name,password\nalice,aaaa-bbbb\nbob,cccc-dddd\n');
    expect(PasswordsFile.create(undefined, join(folder, 'class.csv'), [bob]).path).toBe(
      join(folder, 'class.passwords-2.csv'),
    );
  });

  it('never replaces what somebody named and has already', () => {
    const path = join(folder, 'mine.txt');
    writeFileSync(path, 'precious');
    expect(() => PasswordsFile.create(path, 'x.csv', [alice])).toThrow(expect.objectContaining({ code: 'UNWRITABLE' }));
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  it('keeps only what accounts really have, and goes when that is nothing', () => {
    const file = PasswordsFile.create(join(folder, 'out.csv'), 'x.csv', [alice, bob]);
    file.keepOnly([bob]);
    expect(readFileSync(file.path, 'utf8')).toBe('name,password\nbob,cccc-dddd\n');
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    file.keepOnly([]);
    expect(readdirSync(folder)).toEqual([]);
  });
});
