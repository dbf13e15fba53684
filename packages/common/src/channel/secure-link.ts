import { assert } from '../assert.ts';
import { encodeFrame } from '../frames/frame.ts';
import {
  CLOSE_REASON_BYTES_MAX,
  FRAME_BYTES_MAX,
  FRAME_BYTES_MAX_BEFORE_LOGIN,
  HANDSHAKE_MS_MAX,
  LINK_HANDSHAKE_BYTES_MAX,
  LINK_MESSAGES_MAX_WITHOUT_REKEY,
  LINK_REKEY_MESSAGES,
  LINK_REKEY_MS,
  PARTIAL_FRAME_MS_MAX,
} from '../limits.ts';
import type { RandomSource } from '../random.ts';
import type { RefusalCode } from '../refusal.ts';
import { after, type Instant } from '../time.ts';
import type { KeyPair } from './keys.ts';
import { closeCodeOf, type LinkEvent, type LinkFailureCode } from './link-event.ts';
import {
  decodeHello,
  encodeHello,
  encodePreamble,
  type LinkHello,
  PREAMBLE_BYTES,
  parsePreamble,
} from './link-hello.ts';
import { NoiseHandshake } from './noise-handshake.ts';
import { NoiseMessageReader } from './noise-message-reader.ts';
import { type Pin, pinOf } from './pin.ts';
import { RecordReader } from './record-reader.ts';
import { RecordWriter } from './record-writer.ts';

export type { LinkEvent, LinkFailureCode };

/** R2; tests make them small. */
export interface LinkRekeyLimits {
  readonly messages: number;
  readonly ms: number;
  readonly messagesMaxWithout: number;
}

const rekeyLimitsDefault: LinkRekeyLimits = {
  messages: LINK_REKEY_MESSAGES,
  ms: LINK_REKEY_MS,
  messagesMaxWithout: LINK_MESSAGES_MAX_WITHOUT_REKEY,
};

export interface ResponderOptions {
  readonly staticKey: KeyPair;
  readonly random: RandomSource;
  readonly features: number;
  /** The time of creation, from which the handshake has HANDSHAKE_MS_MAX. */
  readonly now: Instant;
  readonly rekeyLimits?: LinkRekeyLimits;
}

export interface InitiatorOptions extends ResponderOptions {
  /** The server's key as known from before: the handshake is IK, unless `pin` names another key. */
  readonly remoteStatic?: Uint8Array;
  /** R10: checked before message 3 of XX. */
  readonly pin?: Pin;
}

/**
 * - `preamble`: the responder waits for the client's first 8 bytes
 * - `handshake`: it is the other side's turn
 * - `server-key`: the initiator in XX waits for acceptServerKey
 * - `confirming`: the responder in IK waits for the first record
 * - `over`: failed or closed; only output may be left
 */
type Phase = 'preamble' | 'handshake' | 'server-key' | 'confirming' | 'established' | 'over';

const empty = new Uint8Array(0);

/**
 * The encrypted stream of frames between client and server over TCP, sans-IO (design D3, R2, R4, R10, R13).
 * After each `handle*` or command, drain `pollOutput` and `pollEvent`, then arm a timer at `pollTimeout`.
 */
export class SecureLink {
  readonly #initiator: boolean;
  readonly #features: number;
  readonly #limits: LinkRekeyLimits;
  readonly #input = new NoiseMessageReader();
  readonly #reader: RecordReader;
  readonly #writer: RecordWriter;
  #phase: Phase;
  /** Only for a responder that has not seen the preamble. */
  #responderKeys: Pick<ResponderOptions, 'staticKey' | 'random'> | undefined;
  #handshake: NoiseHandshake | undefined;
  #remoteHello: LinkHello | undefined;
  #expectedPin: Pin | undefined;
  #hasKeys = false;
  #output: Uint8Array[] = [];
  /** All events but frames, which are cut when they are asked for. */
  #events: LinkEvent[] = [];
  /** When bytes came last. */
  #heardAt: Instant;
  #handshakeAt: Instant | undefined;
  #partialAt: Instant | undefined;
  #rekeyAt: Instant | undefined;

  private constructor(options: ResponderOptions, initiator: boolean, phase: Phase) {
    this.#initiator = initiator;
    this.#phase = phase;
    this.#features = options.features;
    this.#limits = options.rekeyLimits ?? rekeyLimitsDefault;
    this.#writer = new RecordWriter(this.#limits.messages);
    const frameBytesMax = initiator ? FRAME_BYTES_MAX : FRAME_BYTES_MAX_BEFORE_LOGIN;
    this.#reader = new RecordReader(this.#input, frameBytesMax, this.#limits.messagesMaxWithout);
    this.#heardAt = options.now;
    this.#handshakeAt = after(options.now, HANDSHAKE_MS_MAX);
  }

  /** The client's end; its first bytes wait in pollOutput. */
  static initiator(options: InitiatorOptions): SecureLink {
    const link = new SecureLink(options, true, 'handshake');
    const { remoteStatic, pin, staticKey, random } = options;
    const known = remoteStatic && (pin === undefined || pinOf(remoteStatic) === pin) ? remoteStatic : undefined;
    const pattern = known ? 'IK' : 'XX';
    const prologue = encodePreamble(pattern);
    link.#expectedPin = pin;
    link.#handshake = new NoiseHandshake({
      pattern,
      role: 'initiator',
      staticKey,
      ...(known ? { remoteStatic: known } : {}),
      prologue,
      random,
    });
    link.#output.push(prologue);
    // In XX message 1 is readable by all and proves nothing, so the hello waits for message 3.
    link.#writeHandshake(known ? encodeHello(options.features) : empty);
    return link;
  }

  /** The server's end of a connection that was just accepted. */
  static responder(options: ResponderOptions): SecureLink {
    const link = new SecureLink(options, false, 'preamble');
    link.#responderKeys = options;
    return link;
  }

  /** True until it failed or was closed, during the handshake too. */
  get open(): boolean {
    return this.#phase !== 'over';
  }

  /** Bytes of frames that wait for pollOutput; the shell stops sending or closes when a slow reader lets them grow. */
  get pendingBytes(): number {
    return this.#writer.pendingBytes;
  }

  /** Records opened so far, those without a frame too: each costs an AEAD, so whoever sends them pays for them. */
  get recordsReceived(): number {
    return this.#reader.opened;
  }

  /** Bytes from the socket, ours from now on. The handshake is done at once, frames wait sealed for pollEvent. */
  handleBytes(bytes: Uint8Array, now: Instant): void {
    if (this.#phase === 'over' || bytes.length === 0) return;
    this.#heardAt = now;
    this.#input.push(bytes);
    while (this.#step(now));
  }

  /** Reading goes on after a stop of our own, which counts against nobody: what is incomplete has its full time again. */
  handleResume(now: Instant): void {
    this.#heardAt = now;
    if (this.#partialAt !== undefined) this.#partialAt = after(now, PARTIAL_FRAME_MS_MAX);
  }

  /** Answers 'server-key': only now message 3 is made, which shows our identity to the server. */
  acceptServerKey(now: Instant): void {
    if (this.#phase !== 'server-key') return;
    this.#writeHandshake(encodeHello(this.#features));
    this.#establish(now);
  }

  /**
   * Queues an encoded frame (id and body, at most FRAME_BYTES_MAX) which must not change afterwards. Frames sent before
   * one drain share records; frames sent during the handshake follow it; after the end they are dropped.
   */
  sendFrame(frame: Uint8Array, _now: Instant): void {
    if (this.#phase === 'over') return;
    assert(frame.length > 0 && frame.length <= FRAME_BYTES_MAX, 'frame too large to send');
    this.#writer.push(frame);
  }

  /** Ends the link; established, it first queues a close frame behind what was sent before. Frames received and not polled are dropped. */
  close(code: RefusalCode, reason: string, retryAfterMs: number, _now: Instant): void {
    if (this.#phase === 'over') return;
    this.#events = [];
    this.#end(this.#phase === 'established' ? { code, reason, retryAfterMs } : undefined);
  }

  /** Raises (or lowers) the limit for received frames, as after a login. */
  setFrameBytesMax(bytes: number): void {
    this.#reader.setFrameBytesMax(bytes);
  }

  /** Bytes for the socket, at most one record per call; undefined when there are none. */
  pollOutput(): Uint8Array | undefined {
    return this.#output.length > 0 ? this.#output.shift() : this.#writer.next();
  }

  /** The next event; frames are opened and cut here, one for each call, so whoever stops asking holds no more of them. */
  pollEvent(): LinkEvent | undefined {
    if (this.#events.length > 0) return this.#events.shift();
    if (this.#phase !== 'established') return undefined;
    const frame = this.#reader.next();
    if (frame === undefined) {
      this.#watchPartial();
      return undefined;
    }
    if (typeof frame !== 'string') return { type: 'frame', bytes: frame };
    this.#fail(frame);
    return this.#events.shift();
  }

  pollTimeout(): { readonly at: Instant; readonly reason: 'handshake' | 'partial-frame' | 'rekey' } | undefined {
    if (this.#phase === 'over' || this.#phase === 'server-key') return undefined;
    if (this.#handshakeAt !== undefined) return { at: this.#handshakeAt, reason: 'handshake' };
    if (this.#partialAt !== undefined && this.#partialAt <= this.#rekeyAt!) {
      return { at: this.#partialAt, reason: 'partial-frame' };
    }
    return { at: this.#rekeyAt!, reason: 'rekey' };
  }

  handleTimeout(now: Instant): void {
    const due = this.pollTimeout();
    if (!due || now < due.at) return;
    if (due.reason !== 'rekey') return this.#fail('timeout');
    this.#writer.requestRekey();
    this.#rekeyAt = after(now, this.#limits.ms);
  }

  /** One step of the handshake. @returns false when it lacks bytes, or is over */
  #step(now: Instant): boolean {
    switch (this.#phase) {
      case 'preamble': {
        const preamble = this.#input.take(PREAMBLE_BYTES);
        if (preamble) this.#handlePreamble(preamble);
        return preamble !== undefined;
      }
      case 'handshake': {
        const message = this.#input.message(LINK_HANDSHAKE_BYTES_MAX);
        if (message === 'too-large') this.#fail('too-large');
        else if (message) this.#handleHandshake(message, now);
        return message !== undefined;
      }
      case 'server-key': {
        // The server has nothing to say before message 3.
        if (this.#input.take(1)) this.#fail('bad-handshake');
        return false;
      }
      case 'confirming': {
        const opened = this.#reader.open(LINK_HANDSHAKE_BYTES_MAX);
        if (opened === 'opened') this.#establish(now);
        else if (opened) this.#fail(opened === 'bad-record' ? 'bad-handshake' : opened);
        return false;
      }
      case 'established':
      case 'over':
        return false;
    }
  }

  #handlePreamble(preamble: Uint8Array): void {
    const pattern = parsePreamble(preamble);
    if (!pattern.ok) return this.#fail(pattern.error);
    this.#handshake = new NoiseHandshake({
      ...this.#responderKeys!,
      pattern: pattern.value,
      role: 'responder',
      prologue: preamble,
    });
    this.#responderKeys = undefined;
    this.#phase = 'handshake';
  }

  #handleHandshake(message: Uint8Array, now: Instant): void {
    const handshake = this.#handshake!;
    const payload = handshake.readMessage(message);
    if (!payload.ok) return this.#fail('bad-handshake');
    // Message 1 of XX, whose sender is not known yet, is the only one without a hello.
    if (handshake.remoteStatic) {
      const hello = decodeHello(payload.value);
      if (!hello.ok) return this.#fail(hello.error);
      this.#remoteHello = hello.value;
    }
    if (this.#initiator) return this.#handleServerAnswer(handshake, now);
    if (handshake.complete) return this.#establish(now);
    this.#writeHandshake(encodeHello(this.#features));
    if (handshake.complete) {
      this.#startKeys(handshake);
      this.#phase = 'confirming';
    }
  }

  #handleServerAnswer(handshake: NoiseHandshake, now: Instant): void {
    if (handshake.complete) {
      this.#writer.requestEmpty();
      return this.#establish(now);
    }
    const key = handshake.remoteStatic!;
    const pin = pinOf(key);
    this.#phase = 'server-key';
    if (this.#expectedPin === pin) return this.acceptServerKey(now);
    if (this.#expectedPin !== undefined) return this.#fail('wrong-pin');
    this.#events.push({ type: 'server-key', key, pin });
  }

  #writeHandshake(payload: Uint8Array): void {
    const message = this.#handshake!.writeMessage(payload);
    const framed = new Uint8Array(2 + message.length);
    framed[0] = message.length >> 8;
    framed[1] = message.length & 0xff;
    framed.set(message, 2);
    this.#output.push(framed);
  }

  #startKeys(handshake: NoiseHandshake): void {
    const { sendKey, receiveKey } = handshake.split();
    this.#reader.start(receiveKey);
    this.#hasKeys = true;
    this.#writer.start(sendKey);
  }

  #establish(now: Instant): void {
    const handshake = this.#handshake!;
    if (!this.#hasKeys) this.#startKeys(handshake);
    this.#phase = 'established';
    this.#events.push({
      type: 'established',
      remoteStatic: handshake.remoteStatic!,
      remoteVersion: this.#remoteHello!.version,
      remoteFeatures: this.#remoteHello!.features,
      handshakeHash: handshake.handshakeHash,
    });
    this.#handshake = undefined;
    this.#handshakeAt = undefined;
    this.#rekeyAt = after(now, this.#limits.ms);
  }

  /** Everything whole was taken: what is left counts from its first byte, or from the last frame that was completed. */
  #watchPartial(): void {
    const progress = this.#reader.takeProgress();
    if (!this.#reader.partial) this.#partialAt = undefined;
    else if (progress || this.#partialAt === undefined) this.#partialAt = after(this.#heardAt, PARTIAL_FRAME_MS_MAX);
  }

  #fail(code: LinkFailureCode): void {
    const established = this.#phase === 'established';
    this.#events.push({ type: 'failed', code });
    this.#end(established ? { code: closeCodeOf(code), reason: code, retryAfterMs: 0 } : undefined);
  }

  #end(farewell: { code: RefusalCode; reason: string; retryAfterMs: number } | undefined): void {
    this.#phase = 'over';
    if (farewell) {
      const reason = cutText(farewell.reason, CLOSE_REASON_BYTES_MAX);
      this.#writer.push(encodeFrame({ type: 'close', ...farewell, reason }));
    } else {
      this.#output = [];
      this.#writer.stop();
    }
    this.#handshake = undefined;
    this.#responderKeys = undefined;
    this.#input.clear();
  }
}

/** The longest prefix of whole code points that fits. */
function cutText(text: string, bytesMax: number): string {
  const bytes = new Uint8Array(bytesMax);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  return new TextDecoder().decode(bytes.subarray(0, written));
}
