import { FRAME_TABLE } from '@magpie/common/frames/frame-table.ts';
import type { DeviceId } from '@magpie/common/ids.ts';
import { deviceIdToBytes } from '@magpie/common/ids.ts';
import { RELAY_PACKET_BYTES_MAX } from '@magpie/common/limits.ts';
import { pause } from '../../e2e/stage.ts';
import {
  befriend,
  type ChaosClient,
  LoadDevice,
  registered,
  sourceOf,
  type Target,
  targetOf,
} from '../chaos-client.ts';

/** Addresses of this abuser and of those it bothers. */
const ABUSER = 6;
const PACKETS = 2_000;
/** What the server lets one connection relay in a second (defaults): frames, and bytes beside a first burst. */
const FLOOD_PACKETS = 40_000;
const FLOOD_PACKET_BYTES = 32;
/** What is under way must have arrived after this. */
const TAIL_MS = 1_500;

export interface RelayAbuseFigures {
  /** Packets and introductions that reached somebody who never agreed to hear from the sender. */
  readonly unwanted: number;
  readonly tried: number;
  readonly oversizeDelivered: number;
  readonly oversizeClosed: string;
  readonly flood: { readonly sent: number; readonly received: number; readonly seconds: number };
}

/** Packets to strangers, to somebody who has blocked, to one who was removed, to nobody; too large ones; too many. */
export async function abuseRelay(address: string): Promise<RelayAbuseFigures> {
  const target = targetOf(address);
  const mallory = await member(target, 'mallory', 0);
  const [stranger, blocker, remover, friend] = [
    await member(target, 'stranger', 1),
    await member(target, 'blocker', 2),
    await member(target, 'remover', 3),
    await member(target, 'buddy', 4),
  ];
  for (const other of [blocker, remover, friend]) await befriend(mallory, other);
  await blocker.request({ type: 'block', account: mallory.account });
  await remover.request({ type: 'friend-remove', account: mallory.account });
  let unwanted = 0;
  for (const other of [stranger, blocker, remover]) {
    other.onFrame = (frame) => {
      if (frame.type === 'relayed' || frame.type === 'introduction') unwanted++;
    };
  }
  const targets: DeviceId[] = [stranger, blocker, remover].map(({ device }) => device.id);
  targets.push(new LoadDevice().id);
  for (let i = 0; i < PACKETS; i++) {
    for (const to of targets) mallory.send({ type: 'relay', to, packet: new Uint8Array(100) });
    if (i % 100 === 0) await pause(1);
    if (i % 100 === 0) void mallory.request({ type: 'introduce', to: targets[i % 4]!, packet: new Uint8Array(200) });
  }
  await pause(TAIL_MS);
  const flood = await floodFriend(mallory, friend);
  const { delivered, closed } = await sendTooLarge(mallory, friend);
  return { unwanted, tried: PACKETS * 4, oversizeDelivered: delivered, oversizeClosed: closed, flood };
}

/** Over the rate the server reads no faster; nothing is closed (R24). */
async function floodFriend(from: ChaosClient, to: ChaosClient): Promise<RelayAbuseFigures['flood']> {
  let received = 0;
  let lastMs = performance.now();
  to.onFrame = (frame) => {
    if (frame.type !== 'relayed') return;
    received++;
    lastMs = performance.now();
  };
  const startedMs = performance.now();
  for (let sent = 0; sent < FLOOD_PACKETS; sent++) {
    from.send({ type: 'relay', to: to.device.id, packet: new Uint8Array(FLOOD_PACKET_BYTES) });
    if (sent % 1_000 === 0) await pause(0);
  }
  while (performance.now() - lastMs < TAIL_MS) await pause(50);
  return { sent: FLOOD_PACKETS, received, seconds: (lastMs - startedMs) / 1000 };
}

async function sendTooLarge(from: ChaosClient, to: ChaosClient): Promise<{ delivered: number; closed: string }> {
  let delivered = 0;
  to.onFrame = (frame) => {
    if (frame.type === 'relayed') delivered++;
  };
  const head = Buffer.concat([Uint8Array.of(FRAME_TABLE.relay.code), deviceIdToBytes(to.device.id)]);
  from.sendBytes(Buffer.concat([head, new Uint8Array(RELAY_PACKET_BYTES_MAX + 1)]));
  await Promise.race([from.ended, pause(TAIL_MS)]);
  return { delivered, closed: from.closeCode ?? (from.closed ? 'closed without a word' : 'open') };
}

function member(target: Target, name: string, i: number): Promise<ChaosClient> {
  return registered(target, name, sourceOf(ABUSER, i));
}
