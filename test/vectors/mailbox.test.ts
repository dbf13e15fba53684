import { readFileSync } from 'node:fs';
import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import { type EnvelopeSelf, openEnvelope, sealEnvelopeWith } from '@magpie/common/channel/envelope.ts';
import { openEncapsulated } from '@magpie/common/channel/envelope-kem.ts';
import { deviceIdOf, exchangeKeyPairOf, signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import { mailboxKeyPairOf, signMailboxKey, verifyMailboxKey } from '@magpie/common/channel/mailbox-key.ts';
import { type Content, decodeContent } from '@magpie/common/content/content.ts';
import type { MailId } from '@magpie/common/ids.ts';
import { describe, expect, it } from 'vitest';

interface Installation {
  readonly exchangeSecret: string;
  readonly signSeed: string;
  readonly accountSeed: string;
}

/** All in hex. The KEM's ciphertext is part of the input: it is made by chance that cannot be given. */
const golden = JSON.parse(readFileSync(new URL('mailbox.json', import.meta.url), 'utf8')) as {
  readonly sender: Installation;
  readonly recipient: Installation;
  readonly link: string;
  readonly generation: number;
  readonly step: number;
  readonly key: string;
  readonly id: MailId;
  readonly contents: readonly string[];
  readonly ephemeralSecret: string;
  readonly kemCiphertext: string;
  readonly kemSecret: string;
  readonly envelope: string;
};

const sender = partyOf(golden.sender);
const recipient = partyOf(golden.recipient);
const signing = signingKeyPairOf(fromHex(golden.recipient.signSeed));
const pair = mailboxKeyPairOf(fromHex(golden.link));
const contents = golden.contents.map((hex) => {
  const content = decodeContent(fromHex(hex));
  if (!content.ok) throw new Error('the golden contents are none');
  return content.value as Content;
});

describe('golden bytes of mailbox keys and envelopes', () => {
  it('[MB2] the key of this link is published as exactly these bytes, and read back', () => {
    const { generation, step } = golden;
    expect(toHex(signMailboxKey({ generation, step }, pair, recipient.device, signing.secretKey))).toBe(golden.key);
    expect(verifyMailboxKey(fromHex(golden.key), recipient.device, signing.publicKey)).toEqual({
      generation,
      step,
      exchangeKey: pair.exchange.publicKey,
      kemKey: pair.kem.publicKey,
    });
  });

  it('[MB3] the key of this link opens this ciphertext to this secret', () => {
    expect(toHex(openEncapsulated(pair.kem.secretKey, fromHex(golden.kemCiphertext))!)).toBe(golden.kemSecret);
  });

  it('[MB10] these contents are sealed as exactly these bytes, and opened again', () => {
    const key = verifyMailboxKey(fromHex(golden.key), recipient.device, signing.publicKey)!;
    const encapsulated = { ciphertext: fromHex(golden.kemCiphertext), secret: fromHex(golden.kemSecret) };
    const chance = { ephemeralSecret: fromHex(golden.ephemeralSecret), encapsulated };
    expect(toHex(sealEnvelopeWith(chance, sender, recipient, key, golden.id, contents)!)).toBe(golden.envelope);
    expect(openEnvelope(fromHex(golden.envelope), recipient, sender, pair)).toEqual(contents);
  });
});

function partyOf({ exchangeSecret, signSeed, accountSeed }: Installation): EnvelopeSelf {
  const exchange = exchangeKeyPairOf(fromHex(exchangeSecret));
  return {
    accountKey: signingKeyPairOf(fromHex(accountSeed)).publicKey,
    device: deviceIdOf(exchange.publicKey, signingKeyPairOf(fromHex(signSeed)).publicKey),
    exchangeKey: exchange.publicKey,
    exchangeSecret: exchange.secretKey,
  };
}
