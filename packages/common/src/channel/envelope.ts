import { assert } from '../assert.ts';
import { bytesMax, type Codec, decode, encode, fixedBytes, hexId, listMax, struct, u8, u32 } from '../bytes/codec.ts';
import { type Content, decodeContent, encodeContent, type UnsupportedContent } from '../content/content.ts';
import { type DeviceId, deviceIdToBytes, type MailId } from '../ids.ts';
import { AEAD_TAG_BYTES, CONTENT_BYTES_MAX, ENVELOPE_BYTES_MAX, ENVELOPE_CONTENTS_MAX } from '../limits.ts';
import type { RandomSource } from '../random.ts';
import { CIPHER_KEY_BYTES, openInto, sealInto } from './aead.ts';
import { type Encapsulate, type Encapsulated, KEM_CIPHERTEXT_BYTES, openEncapsulated } from './envelope-kem.ts';
import { blake2b, EXCHANGE_KEY_BYTES, exchange, exchangeKeyPairOf, hkdf } from './keys.ts';
import type { MailboxKey, MailboxKeyId, MailboxKeyPair } from './mailbox-key.ts';

// R8: one envelope is one message of one device for one other, sealed without asking that device anything.

const VERSION = 1;
const INFO_LABEL = new TextEncoder().encode('magpie envelope 1');
/** Contents are padded to a multiple of this, so that a length says little about a short message. */
const PADDING_BYTES = 64;

export interface EnvelopeHeader extends MailboxKeyId {
  readonly sender: DeviceId;
  readonly recipient: DeviceId;
  readonly id: MailId;
}

/** A device as its account's signed list certifies it. */
export interface EnvelopeParty {
  /** Ed25519 key of the account. */
  readonly accountKey: Uint8Array;
  readonly device: DeviceId;
  /** X25519 key of the device. */
  readonly exchangeKey: Uint8Array;
}

/** This device. */
export interface EnvelopeSelf extends EnvelopeParty {
  readonly exchangeSecret: Uint8Array;
}

/** What an envelope takes from chance. */
export interface EnvelopeChance {
  readonly ephemeralSecret: Uint8Array;
  readonly encapsulated: Encapsulated;
}

interface Head {
  readonly version: number;
  readonly sender: DeviceId;
  readonly recipient: DeviceId;
  readonly id: MailId;
  readonly generation: number;
  readonly step: number;
  readonly ephemeralKey: Uint8Array;
  readonly kemCiphertext: Uint8Array;
}

const headCodec: Codec<Head> = struct({
  version: u8,
  sender: hexId<DeviceId>(16),
  recipient: hexId<DeviceId>(16),
  id: hexId<MailId>(16),
  generation: u32,
  step: u32,
  ephemeralKey: fixedBytes(EXCHANGE_KEY_BYTES),
  kemCiphertext: fixedBytes(KEM_CIPHERTEXT_BYTES),
});
export const ENVELOPE_HEAD_BYTES = 1 + 3 * 16 + 2 * 4 + EXCHANGE_KEY_BYTES + KEM_CIPHERTEXT_BYTES;

/** Bytes behind the list are padding. */
const payloadCodec: Codec<readonly Uint8Array[]> = listMax(bytesMax(CONTENT_BYTES_MAX), ENVELOPE_CONTENTS_MAX);
/** Of the encoded contents, a length before each, and padding. */
export const ENVELOPE_PAYLOAD_BYTES_MAX =
  Math.floor((ENVELOPE_BYTES_MAX - ENVELOPE_HEAD_BYTES - AEAD_TAG_BYTES) / PADDING_BYTES) * PADDING_BYTES;

/**
 * @param key the mailbox key of the recipient device, verified
 * @param contents 1 to ENVELOPE_CONTENTS_MAX that fit ENVELOPE_PAYLOAD_BYTES_MAX together: one of any size always does
 * @returns undefined when the recipient's keys are such that no exchange with them can succeed
 */
export function sealEnvelope(
  self: EnvelopeSelf,
  recipient: EnvelopeParty,
  key: MailboxKey,
  id: MailId,
  contents: readonly Content[],
  chance: { readonly random: RandomSource; readonly encapsulate: Encapsulate },
): Uint8Array | undefined {
  const encapsulated = chance.encapsulate(key.kemKey);
  if (!encapsulated) return undefined;
  const ephemeralSecret = chance.random.bytes(EXCHANGE_KEY_BYTES);
  return sealEnvelopeWith({ ephemeralSecret, encapsulated }, self, recipient, key, id, contents);
}

/** As `sealEnvelope`, with a chance that is known. One chance seals one envelope, or its key and nonce repeat. */
export function sealEnvelopeWith(
  chance: EnvelopeChance,
  self: EnvelopeSelf,
  recipient: EnvelopeParty,
  key: MailboxKey,
  id: MailId,
  contents: readonly Content[],
): Uint8Array | undefined {
  const ephemeral = exchangeKeyPairOf(chance.ephemeralSecret);
  const withMailbox = exchange(ephemeral.secretKey, key.exchangeKey);
  const withDevice = exchange(self.exchangeSecret, recipient.exchangeKey);
  if (!withMailbox || !withDevice) return undefined;
  const header = { sender: self.device, recipient: recipient.device, id, generation: key.generation, step: key.step };
  const head = encode(headCodec, {
    version: VERSION,
    ...header,
    ephemeralKey: ephemeral.publicKey,
    kemCiphertext: chance.encapsulated.ciphertext,
  });
  const payload = paddedPayload(contents);
  const secrets = [withMailbox, withDevice, chance.encapsulated.secret];
  const sealKey = sealKeyOf(secrets, header, self, recipient, chance.encapsulated.ciphertext, key.kemKey);
  const envelope = new Uint8Array(head.length + payload.length + AEAD_TAG_BYTES);
  envelope.set(head);
  sealInto(envelope.subarray(head.length), sealKey, 0, associatedData(head, self, recipient), payload);
  return envelope;
}

/** Whose, for whom and under which key an envelope says that it is; nothing of that is proven before it opens. */
export function readEnvelopeHeader(envelope: Uint8Array): EnvelopeHeader | undefined {
  const head = readHead(envelope);
  if (!head) return undefined;
  const { sender, recipient, id, generation, step } = head;
  return { sender, recipient, id, generation, step };
}

/**
 * @param self whose mailbox it was in; @param sender the certified device that its header names
 * @param pair of the link that its header names
 * @returns what could be decoded of its contents, in order; undefined, for whatever reason, when it is not of this very
 *   sender for this very device and key
 */
export function openEnvelope(
  envelope: Uint8Array,
  self: EnvelopeSelf,
  sender: EnvelopeParty,
  pair: MailboxKeyPair,
): readonly (Content | UnsupportedContent)[] | undefined {
  const head = readHead(envelope);
  if (!head || head.sender !== sender.device || head.recipient !== self.device) return undefined;
  const withMailbox = exchange(pair.exchange.secretKey, head.ephemeralKey);
  const withDevice = exchange(self.exchangeSecret, sender.exchangeKey);
  const kemSecret = openEncapsulated(pair.kem.secretKey, head.kemCiphertext);
  if (!withMailbox || !withDevice || !kemSecret) return undefined;
  const secrets = [withMailbox, withDevice, kemSecret];
  const sealKey = sealKeyOf(secrets, head, sender, self, head.kemCiphertext, pair.kem.publicKey);
  const sealed = envelope.subarray(ENVELOPE_HEAD_BYTES);
  const payload = new Uint8Array(sealed.length - AEAD_TAG_BYTES);
  const data = associatedData(envelope.subarray(0, ENVELOPE_HEAD_BYTES), sender, self);
  if (!openInto(payload, sealKey, 0, data, sealed)) return undefined;
  const list = decode(payloadCodec, payload);
  if (!list.ok) return undefined;
  return list.value.flatMap((bytes) => {
    const content = decodeContent(bytes);
    return content.ok ? [content.value] : [];
  });
}

function readHead(envelope: Uint8Array): Head | undefined {
  if (envelope.length > ENVELOPE_BYTES_MAX || envelope.length < ENVELOPE_HEAD_BYTES + AEAD_TAG_BYTES) return undefined;
  const head = decode(headCodec, envelope);
  return head.ok && head.value.version === VERSION ? head.value : undefined;
}

function paddedPayload(contents: readonly Content[]): Uint8Array {
  const encoded = encode(payloadCodec, contents.map(encodeContent));
  const payload = new Uint8Array(Math.ceil(encoded.length / PADDING_BYTES) * PADDING_BYTES);
  assert(payload.length <= ENVELOPE_PAYLOAD_BYTES_MAX, 'the contents do not fit one envelope');
  payload.set(encoded);
  return payload;
}

/** One key for one envelope: bound to both identities, to the key it is sealed for, and to the KEM's very ciphertext. */
function sealKeyOf(
  secrets: readonly Uint8Array[],
  { generation, step }: MailboxKeyId,
  sender: EnvelopeParty,
  recipient: EnvelopeParty,
  kemCiphertext: Uint8Array,
  kemKey: Uint8Array,
): Uint8Array {
  const keyId = Buffer.alloc(8);
  keyId.writeUInt32BE(generation, 0);
  keyId.writeUInt32BE(step, 4);
  const info = Buffer.concat([
    INFO_LABEL,
    sender.accountKey,
    deviceIdToBytes(sender.device),
    recipient.accountKey,
    deviceIdToBytes(recipient.device),
    keyId,
    blake2b(32, kemCiphertext, kemKey),
  ]);
  return hkdf(Buffer.concat(secrets), info, CIPHER_KEY_BYTES);
}

function associatedData(head: Uint8Array, sender: EnvelopeParty, recipient: EnvelopeParty): Uint8Array {
  return Buffer.concat([head, sender.accountKey, recipient.accountKey]);
}
