import { ByteWriter } from '@magpie/common/bytes/byte-writer.ts';
import { writeAck, writeData, writeSessionFrame } from '@magpie/common/packets/encode-packet.ts';
import type { StreamClass } from '@magpie/common/packets/packet.ts';
import type { Instant } from '@magpie/common/time.ts';
import type { AckPolicy } from './ack-policy.ts';
import { ACK_FRAME_BYTES_MAX, CHAT_RESERVE_PACKETS, PACKET_BUFFER_BYTES, RESET_FRAME_BYTES_MAX } from './limits.ts';
import type { Outgoing } from './outgoing.ts';
import type { SentContent } from './sent-packets.ts';

export interface BuiltPacket {
  readonly payload: Uint8Array;
  readonly contents: readonly SentContent[];
  readonly ackEliciting: boolean;
  readonly ackNow: boolean;
}

export interface PacketSources {
  readonly acks: AckPolicy;
  readonly outgoing: Outgoing;
  readonly payloadBytesMax: number;
  /** Of the congestion window; infinite for a probe. Control frames and acks do not ask for it. */
  readonly windowRoomBytes: number;
  /** False when an ack must not ride on data. */
  readonly mayAck: boolean;
  /** An ack may not wait for something to ride on. */
  readonly ackDue: boolean;
  /** A PING is wanted if nothing else asks for an ack. */
  readonly ping: boolean;
  readonly ackNow: boolean;
}

/**
 * Fills one packet: control frames, credit and resets, then an ack if one is pending, then streams by class.
 * @returns undefined when there is nothing to send now
 */
export function buildPacket(from: PacketSources, now: Instant): BuiltPacket | undefined {
  const { acks, payloadBytesMax } = from;
  const { control, resets, flow, streams } = from.outgoing;
  const classMax = classAllowed(from);
  const dataWaits = classMax !== undefined && streams.hasNext(flow.sendRoomBytes, classMax);
  const ackDue = from.ackDue && from.mayAck;
  if (!dataWaits && !ackDue && !from.ping && !control.pending && !flow.creditPending && !resets.pending)
    return undefined;

  const writer = new ByteWriter(PACKET_BUFFER_BYTES);
  const contents: SentContent[] = [];
  let { ackNow } = from;
  // All control frames together are below PAYLOAD_BYTES_MIN (candidates 350 bytes, rekey 520).
  for (let slot = control.next(); slot; slot = control.next()) {
    writeSessionFrame(writer, slot.frame);
    contents.push({ kind: 'control', type: slot.frame.type, version: slot.version });
    ackNow = true;
  }
  if (flow.creditPending) {
    writeSessionFrame(writer, { type: 'credit', dataMax: flow.advertise() });
    contents.push({ kind: 'credit' });
  }
  while (resets.pending && writer.length + RESET_FRAME_BYTES_MAX <= payloadBytesMax) {
    const reset = resets.next()!;
    writeSessionFrame(writer, { type: 'reset', ...reset });
    contents.push({ kind: 'reset', stream: reset.stream });
  }
  const acking = acks.pending && from.mayAck && writer.length + ACK_FRAME_BYTES_MAX <= payloadBytesMax;
  if (acking) {
    writeAck(writer, acks.frame(now));
    contents.push({ kind: 'ack', upTo: acks.largest });
    acks.onSent();
  }
  if (classMax !== undefined) {
    for (;;) {
      const piece = streams.next(payloadBytesMax - writer.length, flow.sendRoomBytes, classMax);
      if (!piece) break;
      writeData(writer, piece.frame);
      flow.onSent(piece.newBytes);
      contents.push({ kind: 'data', stream: piece.frame.stream, from: piece.from, to: piece.to });
      if (piece.class <= 1 && piece.frame.fin) ackNow = true;
    }
  }
  let ackEliciting = contents.some((content) => content.kind !== 'ack');
  if (!ackEliciting && from.ping) {
    writeSessionFrame(writer, { type: 'ping' });
    ackEliciting = true;
  }
  return writer.length > 0 ? { payload: writer.finish(), contents, ackEliciting, ackNow } : undefined;
}

export function buildAckPacket(acks: AckPolicy, now: Instant): BuiltPacket {
  const writer = new ByteWriter(64);
  writeAck(writer, acks.frame(now));
  acks.onSent();
  return { payload: writer.finish(), contents: [], ackEliciting: false, ackNow: false };
}

export function buildClosePacket(code: number, reason: string): Uint8Array {
  const writer = new ByteWriter(64);
  writeSessionFrame(writer, { type: 'close', code, reason });
  return writer.finish();
}

/** The highest class that the window lets through: bulk leaves the last packets of it to chat. */
function classAllowed({ windowRoomBytes, payloadBytesMax }: PacketSources): StreamClass | undefined {
  if (windowRoomBytes <= 0) return undefined;
  return windowRoomBytes <= CHAT_RESERVE_PACKETS * payloadBytesMax ? 1 : 3;
}
