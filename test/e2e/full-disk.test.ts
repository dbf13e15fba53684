import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allMessages, befriend, compare, Receiver, register } from './friends.ts';
import { eventually, pause, Stage } from './stage.ts';

/** Small enough to fill at once, large enough for a profile and its write-ahead log. */
const DISK_BYTES = 6 * 1024 * 1024;
const mayMount = mountsAllowed();

/** Needs root for a disk of its own; `.ci/run` has it. */
describe.skipIf(!mayMount)('a full disk', () => {
  let stage: Stage;
  let folder: string;
  beforeAll(async () => {
    stage = new Stage();
    const server = await stage.startServer();
    folder = stage.path('bob');
    mkdirSync(folder, { mode: 0o700 });
    mount(folder, DISK_BYTES);
    await stage.startDaemon('alice');
    await stage.startDaemon('bob');
    await register(stage, 'alice', server.address);
    await register(stage, 'bob', server.address);
    await befriend(stage, 'alice', 'bob');
  });
  afterAll(async () => {
    await stage.endPrograms();
    spawnSync('umount', ['-l', folder]);
    await stage.close();
  });

  it('at the receiver delays messages, and loses, doubles and claims nothing', async () => {
    const [alice, bob] = [await stage.connect('alice'), await stage.connect('bob')];
    const receiver = await Receiver.over(bob);
    const texts = Array.from({ length: 20 }, (_, i) => `to a full disk ${i} ${'x'.repeat(2_000)}`);
    const filler = fill(folder);
    const ids: string[] = [];
    for (const text of texts) ids.push((await alice.call('message.send', { to: 'bob', text })).id);
    await pause(3_000);
    const shown = await allMessages(alice, 'bob');
    const kept = new Set((await allMessages(bob, 'alice')).map(({ id }) => id));
    // The mailbox may have them meanwhile; that a friend has them is not said.
    const waits = (state: string): boolean => state === 'queued' || state === 'stored';
    const claimed = shown.filter(({ id, state }) => !waits(state) && ids.includes(id) && !kept.has(id));
    expect(claimed).toEqual([]);
    expect(kept.size).toBeLessThan(texts.length);

    rmSync(filler, { force: true });
    await receiver.sees(texts, 90_000);
    const comparison = compare(texts, await allMessages(bob, 'alice'), receiver.arrived);
    expect(comparison).toEqual({ lost: 0, doubled: 0, outOfOrder: 0 });
  });

  it('at the sender is told at once, and the next message goes when there is room again', async () => {
    const [alice, bob] = [await stage.connect('alice'), await stage.connect('bob')];
    const filler = fill(folder);
    const refused = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        bob.call('message.send', { to: 'alice', text: `${i} ${'y'.repeat(30_000)}` }).then(
          () => '',
          (error: Error) => /[A-Z]+_[A-Z]+/.exec(error.message)?.[0] ?? error.message,
        ),
      ),
    );
    expect(refused.filter((code) => code !== '')).not.toEqual([]);
    expect([...new Set(refused.filter((code) => code !== ''))]).toEqual(['STORE_FAILED']);
    rmSync(filler);
    await bob.call('message.send', { to: 'alice', text: 'there is room again' });
    await eventually('alice has it', async () =>
      (await allMessages(alice, 'bob')).some(({ text }) => text === 'there is room again'),
    );
  });
});

function mount(path: string, bytes: number): boolean {
  return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'tmpfs', path]).status === 0;
}

function mountsAllowed(): boolean {
  if (process.getuid?.() !== 0) return false;
  const path = mkdtempSync(join(tmpdir(), 'magpie-mount-'));
  const allowed = mount(path, 1024 * 1024);
  if (allowed) spawnSync('umount', [path]);
  rmSync(path, { recursive: true });
  return allowed;
}

/** Leaves not a page free. @returns the file to remove */
function fill(path: string): string {
  const file = join(path, 'filler');
  const { bavail, bsize } = statfsSync(path);
  writeFileSync(file, Buffer.alloc(Math.max(0, bavail * bsize)));
  return file;
}
