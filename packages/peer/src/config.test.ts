import { describe, expect, it } from 'vitest';
import { profilePaths } from './config.ts';

describe('profiles (R29)', () => {
  it('takes text with a slash as a folder and other text as a name under the data folder', () => {
    expect(folderOf('/tmp/p/', {})).toBe('/tmp/p');
    expect(folderOf('work', { XDG_DATA_HOME: '/data' })).toBe('/data/magpie/profiles/work');
    expect(folderOf('work', { HOME: '/home/a' })).toBe('/home/a/.local/share/magpie/profiles/work');
    expect(folderOf('work', { MAGPIE_DATA_DIR: '/d', XDG_DATA_HOME: '/data' })).toBe('/d/profiles/work');
  });

  it('takes MAGPIE_PROFILE when nothing is given, then `default`', () => {
    expect(folderOf(undefined, { MAGPIE_PROFILE: '/x/y', HOME: '/h' })).toBe('/x/y');
    expect(folderOf(undefined, { HOME: '/h' })).toBe('/h/.local/share/magpie/profiles/default');
    expect(folderOf('a', { MAGPIE_PROFILE: '/x/y', HOME: '/h' })).toBe('/h/.local/share/magpie/profiles/a');
  });

  it.each(['', '..', '.hidden', 'a b', 'a'.repeat(65), 'x\0/'])('refuses %j as a name', (name) => {
    expect(profilePaths(name, {}).ok).toBe(false);
  });

  it('[R29] keeps the socket path under 100 bytes, different for different profiles', () => {
    const near = socketOf('/tmp/p');
    expect(near).toBe('/tmp/p/control.sock');
    const far = [1, 2].map((n) => socketOf(`/tmp/${'x'.repeat(120)}${n}`));
    for (const path of far) expect(Buffer.byteLength(path)).toBeLessThan(100);
    expect(far[0]).not.toBe(far[1]);
    expect(Buffer.byteLength(socketOf(`/tmp/${'雀'.repeat(40)}`))).toBeLessThan(100);
  });
});

function folderOf(given: string | undefined, env: Record<string, string>): string {
  const found = profilePaths(given, env);
  return found.ok ? found.value.folder : 'refused';
}

function socketOf(given: string): string {
  const found = profilePaths(given, { XDG_RUNTIME_DIR: '/run/user/1000' });
  return found.ok ? found.value.socket : 'refused';
}
