import { setTimeout as delay } from 'node:timers/promises';
import type { WallMs } from '@magpie/common/time.ts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EngineEvent } from '../engine/engine.ts';
import { TestCli } from './test-cli.ts';

const CODE = 'aaaa-bbbb-cccc-dddd';
let cli: TestCli;
beforeEach(async () => {
  cli = await TestCli.create();
  await cli.startDaemon();
  cli.engine.signedIn();
  cli.engine.expiresAt = (Date.now() + 600_000) as WallMs;
});
afterEach(() => cli.dispose());

describe('account devices', () => {
  it('lists them, this one marked, with ids that revoke understands', async () => {
    const { out } = await cli.run('account devices list', { typed: [], env: { NO_COLOR: '1' } });
    expect(out).toMatch(/dddddddd +Linux +this device[\s\S]*eeeeeeee +Windows +offline/);
    const { json } = await cli.run('account devices list --json');
    expect(json).toMatchObject({
      items: [
        { id: 'd'.repeat(32), own: true },
        { id: 'e'.repeat(32), own: false },
      ],
    });
    expect((await cli.run('account devices revoke eeeeeeee --json')).json).toMatchObject({ items: [{ own: true }] });
  });

  it('says what to do instead when this very device is to be revoked', async () => {
    cli.engine.nextError = { code: 'WRONG_DEVICE' };
    const { exit, json } = await cli.run('account devices revoke dddd --json');
    expect([exit, json.error?.code]).toEqual([6, 'WRONG_DEVICE']);
    expect(json.error?.hint).toContain('account logout');
  });
});

describe('account devices approve (R7)', () => {
  it('prints the code at once, and the outcome when the device has been let in', async () => {
    const ran = await cli.run('account devices approve', { during: () => outcomes('wrong-code', 'approved') });
    expect(ran.exit).toBe(0);
    expect(ran.out).toMatch(new RegExp(`    ${CODE}\n\nThe new device "laptop" has been let in`));
    expect(ran.err).toContain('tried with a wrong code');
  });

  it('prints one object for the code and one for the outcome with --json', async () => {
    const { exit, out } = await cli.run('account devices approve --json', { during: () => outcomes('approved') });
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(exit).toBe(0);
    expect(lines).toMatchObject([
      { ok: true, approval: { code: CODE, expiresAt: new Date(cli.engine.expiresAt).toISOString() } },
      { ok: true, approval: { outcome: 'approved', label: 'laptop' } },
    ]);
  });

  it('ends after three wrong codes, for the code is worth nothing then', async () => {
    const { exit, err } = await cli.run('account devices approve', {
      during: () => outcomes('wrong-code', 'wrong-code', 'wrong-code'),
    });
    expect([exit, err.includes('Three wrong codes')]).toEqual([4, true]);
  });

  it('stops waiting at Ctrl-C, after --timeout, and when the code is too old', async () => {
    const interrupted = await cli.run('account devices approve', {
      during: async (signal) => {
        await offered();
        signal('SIGINT');
      },
    });
    expect(interrupted.exit).toBe(130);
    expect((await cli.run('account devices approve --timeout 50ms')).exit).toBe(8);
    cli.engine.expiresAt = (Date.now() + 100) as WallMs;
    expect((await cli.run('account devices approve')).exit).toBe(8);
    // A code that nobody waits with opens nothing.
    const withdrawn = cli.engine.calls.filter(({ name }) => name === 'withdrawApproval');
    expect(withdrawn.map(({ input }) => input)).toEqual([{ code: CODE }, { code: CODE }, { code: CODE }]);
  });

  it('does not wait with --no-wait', async () => {
    expect((await cli.run('account devices approve --no-wait --quiet')).out).toBe(`${CODE}\n`);
  });

  async function outcomes(...all: readonly (EngineEvent & { type: 'approval' })['outcome'][]): Promise<void> {
    await offered();
    for (const outcome of all) cli.engine.emit({ type: 'approval', label: 'laptop', outcome });
  }

  async function offered(): Promise<void> {
    await vi.waitFor(() => expect(cli.engine.calls.some((call) => call.name === 'offerApproval')).toBe(true));
    await delay(50);
  }
});
