import { encodeFrame, type FrameOf } from '@magpie/common/frames/frame.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import { err, ok, type Result } from '@magpie/common/result.ts';
import type { Instant } from '@magpie/common/time.ts';
import type { Directory, LiveSession } from '../bus/directory.ts';
import { RATE_BUCKETS, type ServerLimits } from '../limits.ts';
import { RateTable } from '../rate-budget.ts';
import { type Refusal, refusal } from '../refusal.ts';

const PSK_BYTES = 32;
const PSK_ID_BYTES = 8;

/** Introduces two devices of friends to each other (R3): message 1 and a fresh psk to one, the same psk to the other. */
export class Rendezvous {
  readonly #directory: Directory;
  readonly #random: RandomSource;
  readonly #pairs: RateTable;

  constructor(directory: Directory, limits: ServerLimits, random: RandomSource) {
    this.#directory = directory;
    this.#random = random;
    const perMinute = limits.introductionsPerPairPerMinute;
    this.#pairs = new RateTable(perMinute / 60, perMinute, RATE_BUCKETS, random);
  }

  /**
   * A device that is unknown, not connected, invisible or of somebody who is no friend is `peer-gone`, always with the
   * same answer: whoever is not a friend learns nothing about presence.
   */
  introduce(
    from: LiveSession,
    request: FrameOf<'introduce'>,
    now: Instant,
  ): Result<{ readonly pskId: Uint8Array; readonly psk: Uint8Array }, Refusal> {
    const target = this.#directory.friendSession(from.account, request.to);
    if (!target) return err(refusal('peer-gone'));
    const waitMs = this.#pairs.take(`${from.device}>${request.to}`, now);
    if (waitMs > 0) return err(refusal('rate-limited', 'introductions to this device', waitMs));
    const pskId = this.#random.bytes(PSK_ID_BYTES);
    const psk = this.#random.bytes(PSK_BYTES);
    target.wire.send(
      encodeFrame({
        type: 'introduction',
        fromAccount: from.account.number,
        from: from.device,
        pskId,
        psk,
        packet: request.packet,
      }),
    );
    return ok({ pskId, psk });
  }
}
