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

  it('calls a hash outdated that was made at less cost, in either order of its parameters', () => {
    const hasher = new Argon2Hasher({ memoryKiB: 128, passes: 3 });
    const phc = (parameters: string) => `$argon2id$v=19$${parameters}$bWFncGllIGRlY295IDEyMw$dGhpcyBpcyB0aGUgdGFnIG9m`;
    expect(['m=128,t=3,p=1', 'm=256,p=1,t=3'].map((given) => hasher.isOutdated(phc(given)))).toEqual([false, false]);
    expect(['m=64,t=3,p=1', 'm=128,p=1,t=2'].map((given) => hasher.isOutdated(phc(given)))).toEqual([true, true]);
    expect([hasher.decoyHash, '', 'plain'].map((given) => hasher.isOutdated(given))).toEqual([false, false, false]);
  });

  it('makes up for what a hash of less cost takes less, and for nothing else', () => {
    const hasher = new Argon2Hasher({ memoryKiB: 128, passes: 3 });
    const phc = (parameters: string) => `$argon2id$v=19$${parameters}$bWFncGllIGRlY295IDEyMw$dGhpcyBpcyB0aGUgdGFnIG9m`;
    expect(hasher.remainderOf(phc('m=64,t=3,p=1'))).toMatch(/m=64,t=3,/);
    expect(hasher.remainderOf(phc('m=96,p=1,t=1'))).toMatch(/m=96,t=3,/);
    expect(['m=128,t=3,p=1', 'm=256,t=3,p=1'].map((cost) => hasher.remainderOf(phc(cost)))).toEqual([
      undefined,
      undefined,
    ]);
    expect(hasher.remainderOf('plain')).toBeUndefined();
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
    // In turn, so that a busy machine slows both.
    const ratios: number[] = [];
    for (let round = 0; round < 7; round++) {
      const decoyMs = await msOf(() => hasher.verify(hasher.decoyHash, 'x'));
      ratios.push(decoyMs / (await msOf(() => hasher.verify(real, 'x'))));
    }
    const ratio = ratios.sort((a, b) => a - b)[3]!;
    expect(ratio).toBeGreaterThan(0.33);
    expect(ratio).toBeLessThan(3);
  });
});

async function msOf(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}
