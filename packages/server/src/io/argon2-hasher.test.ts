import { describe, expect, it } from 'vitest';
import { Argon2Hasher } from './argon2-hasher.ts';

const CHEAP = { memoryKiB: 64, passes: 2 };

describe('passwords by argon2id', () => {
  it('keeps a password as a PHC string with the cost asked for, salted', async () => {
    const hasher = new Argon2Hasher(CHEAP);
    const phc = await hasher.hash('correct horse');
    expect(phc).toMatch(/^\$argon2id\$v=19\$m=64,/);
    expect(phc).toContain('t=2');
    expect(phc).toContain('p=1');
    expect(await hasher.hash('correct horse')).not.toBe(phc);
    expect(await hasher.verify(phc, 'correct horse')).toBe(true);
    expect(await hasher.verify(phc, 'correct hors')).toBe(false);
  });

  it('verifies hashes of another cost than its own', async () => {
    const phc = await new Argon2Hasher({ memoryKiB: 128, passes: 3 }).hash('correct horse');
    expect(await new Argon2Hasher(CHEAP).verify(phc, 'correct horse')).toBe(true);
  });

  it('takes the two ways of typing one letter for the same', async () => {
    const hasher = new Argon2Hasher(CHEAP);
    expect(await hasher.verify(await hasher.hash('pa\u0308sswort'), 'p\u00e4sswort')).toBe(true);
  });

  it.each(['', 'plain', '$argon2id$', '$argon2id$v=19$m=64,t=2,p=1$$', '$2b$10$abcdefghijklmnopqrstuv'])(
    'answers no for "%s", which is no PHC string of ours',
    async (phc) => {
      expect(await new Argon2Hasher(CHEAP).verify(phc, 'anything')).toBe(false);
    },
  );

  it('checks the decoy, which no password opens, at the cost of a real hash', async () => {
    const hasher = new Argon2Hasher();
    const real = await hasher.hash('correct horse');
    expect(await hasher.verify(hasher.decoyHash, 'correct horse')).toBe(false);
    const ratio =
      (await medianMs(() => hasher.verify(hasher.decoyHash, 'x'))) / (await medianMs(() => hasher.verify(real, 'x')));
    expect(ratio).toBeGreaterThan(0.33);
    expect(ratio).toBeLessThan(3);
  });
});

async function medianMs(run: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[2]!;
}
