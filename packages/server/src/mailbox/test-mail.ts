import type { FrameOf } from '@magpie/common/frames/frame.ts';
import type { DeviceId, MailId } from '@magpie/common/ids.ts';
import type { TestClient, TestWorld } from '../session/test-world.ts';

/** A mail id from a small number. */
export function mailId(number: number): MailId {
  return number.toString(16).padStart(32, '0') as MailId;
}

/** An envelope that the tests know again. */
export function envelopeOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(envelope: Uint8Array): string {
  return new TextDecoder().decode(envelope);
}

type Put = Omit<FrameOf<'mail-put'>, 'requestId'>;

/** What puts `text` under the key 1, 0 that `publishKey` publishes. */
export function putOf(to: DeviceId, id: number, text = `mail ${id}`, more: Partial<Put> = {}): Put {
  const key = { generation: 1, step: 0 };
  return { type: 'mail-put', to, id: mailId(id), kind: 'message', ...key, envelope: envelopeOf(text), ...more };
}

export async function publishKey(client: TestClient, generation = 1, step = 0): Promise<void> {
  const key = Uint8Array.of(generation, step, 7);
  const answer = await client.request({ type: 'mail-key-set', generation, step, key });
  if (answer.type !== 'done') throw new Error(`key refused: ${JSON.stringify(answer)}`);
}

/** Two friends, the second of whom has a mailbox key. */
export async function friendsWithMail(world: TestWorld): Promise<[TestClient, TestClient]> {
  const [alice, bob] = await world.friends();
  await publishKey(bob);
  return [alice, bob];
}

/** A new connection of the same device. */
export async function again(world: TestWorld, client: TestClient): Promise<TestClient> {
  const next = world.connect(client.device);
  const answer = await next.resume();
  if (answer.type !== 'welcome') throw new Error(`not resumed: ${JSON.stringify(answer)}`);
  return next;
}

/** One page. */
export async function page(client: TestClient, after = 0): Promise<FrameOf<'mail'>> {
  const answer = await client.request({ type: 'mail-get', after });
  if (answer.type !== 'mail') throw new Error(`no page: ${JSON.stringify(answer)}`);
  return answer;
}

/** Reads the log to its end, page by page. */
export async function readAll(client: TestClient, after = 0): Promise<FrameOf<'mail'>['entries']> {
  const entries: FrameOf<'mail'>['entries'][number][] = [];
  for (;;) {
    const { entries: more, last } = await page(client, entries.at(-1)?.position ?? after);
    entries.push(...more);
    if (last) return entries;
  }
}

/** Texts of what was pushed, in order; an empty push is `more`. Takes it. */
export function pushed(client: TestClient): string[] {
  return client.take('mail').flatMap(({ entries }) => {
    return entries.length === 0 ? ['more'] : entries.map(({ envelope }) => textOf(envelope));
  });
}

export function texts(entries: FrameOf<'mail'>['entries']): string[] {
  return entries.map(({ envelope }) => textOf(envelope));
}
