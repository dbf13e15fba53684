import { pause } from '../../e2e/stage.ts';
import { befriend, type ChaosClient, registered, sourceOf, targetOf } from '../chaos-client.ts';

/** Addresses of this crowd: one source may register 60 an hour. */
const CROWD = 4;
const REGISTERED_AT_ONCE = 8;
const PACKET_BYTES = 8 * 1024;
/** Below what one sender may relay in a second, shared by its friends. */
const SENDER_BYTES_PER_SECOND = 900 * 1024;

export interface CrowdPlan {
  readonly address: string;
  readonly readers: number;
  readonly senders: number;
}

const readers: ChaosClient[] = [];
const senders: { readonly client: ChaosClient; readonly friends: ChaosClient[] }[] = [];
let sentBytes = 0;
let refusals = 0;
let sending: NodeJS.Timeout | undefined;

/** Every reader has one sender as friend. */
export async function makeCrowd(plan: CrowdPlan): Promise<void> {
  const target = targetOf(plan.address);
  const made = async (name: string, count: number, block: number): Promise<ChaosClient[]> => {
    const clients: ChaosClient[] = [];
    while (clients.length < count) {
      const from = clients.length;
      const batch = Math.min(REGISTERED_AT_ONCE, count - from);
      const all = Array.from({ length: batch }, (_, i) =>
        registered(target, `${name}${from + i}`, sourceOf(CROWD + block, from + i)),
      );
      clients.push(...(await Promise.all(all)));
    }
    return clients;
  };
  readers.push(...(await made('reader', plan.readers, 0)));
  for (const client of await made('sender', plan.senders, 1)) {
    client.onFrame = (frame) => {
      if (frame.type === 'relay-refused') refusals++;
    };
    senders.push({ client, friends: [] });
  }
  for (const [i, reader] of readers.entries()) {
    const sender = senders[i % senders.length]!;
    await befriend(sender.client, reader);
    sender.friends.push(reader);
  }
}

/** The readers stop, and their friends go on sending. */
export function stopReading(): void {
  for (const reader of readers) reader.socket.pause();
  const startedMs = performance.now();
  let rounds = 0;
  sending = setInterval(() => {
    const friendsEach = readers.length / senders.length;
    const due = ((performance.now() - startedMs) / 1000) * (SENDER_BYTES_PER_SECOND / PACKET_BYTES / friendsEach);
    for (; rounds < due; rounds++) {
      for (const { client, friends } of senders) {
        for (const friend of friends) {
          const packet = new Uint8Array(PACKET_BYTES);
          client.send({ type: 'relay', to: friend.device.id, packet });
          sentBytes += PACKET_BYTES;
        }
      }
    }
  }, 50);
}

export interface CrowdFigures {
  readonly sentBytes: number;
  /** How often senders were told that a packet was not passed on. */
  readonly refusals: number;
  readonly sendersClosed: number;
  readonly readersClosed: number;
}

/** The readers look again: what is over is seen to be over. */
export async function readAgain(): Promise<CrowdFigures> {
  clearInterval(sending);
  for (const reader of readers) reader.socket.resume();
  await pause(3_000);
  return {
    ...{ sentBytes, refusals },
    sendersClosed: senders.filter(({ client }) => client.closed).length,
    readersClosed: readers.filter(({ closed }) => closed).length,
  };
}
