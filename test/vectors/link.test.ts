import { readFileSync } from 'node:fs';
import { fromHex, toHex } from '@magpie/common/bytes/hex.ts';
import { signDeviceList } from '@magpie/common/channel/device-list.ts';
import { blake2b, deviceIdOf, exchangeKeyPairOf, hkdf, signingKeyPairOf } from '@magpie/common/channel/keys.ts';
import { pinOf } from '@magpie/common/channel/pin.ts';
import { SecureLink } from '@magpie/common/channel/secure-link.ts';
import type { RandomSource } from '@magpie/common/random.ts';
import type { Instant } from '@magpie/common/time.ts';
import { describe, expect, it } from 'vitest';

interface LinkGolden {
  /** What each side sends, in turn, as one text of hex per write to the socket. */
  readonly XX: readonly string[];
  readonly IK: readonly string[];
  readonly pin: string;
  readonly deviceId: string;
  readonly deviceList: string;
  readonly hkdf: string;
}

const golden = JSON.parse(readFileSync(new URL('link.json', import.meta.url), 'utf8')) as LinkGolden;
const now = 0 as Instant;
const serverKeys = exchangeKeyPairOf(new Uint8Array(32).fill(0x11));
const clientKeys = exchangeKeyPairOf(new Uint8Array(32).fill(0x22));
const signKeys = signingKeyPairOf(new Uint8Array(32).fill(0x33));
const accountKeys = signingKeyPairOf(new Uint8Array(32).fill(0x44));

describe('golden bytes of the channel', () => {
  for (const pattern of ['XX', 'IK'] as const) {
    it(`a link in ${pattern}: preamble, handshake, a frame, a rekey, a frame under the new key, an answer`, () => {
      expect(conversation(pattern)).toEqual(golden[pattern]);
    });
  }

  it('pin, device id, signed device list and derived key', () => {
    const devices = [{ exchangeKey: clientKeys.publicKey, signKey: signKeys.publicKey }];
    const list = { accountKey: accountKeys.publicKey, version: 1, devices, previousHash: new Uint8Array(32) };
    expect(pinOf(serverKeys.publicKey)).toBe(golden.pin);
    expect(deviceIdOf(clientKeys.publicKey, signKeys.publicKey)).toBe(golden.deviceId);
    expect(toHex(signDeviceList(list, accountKeys.secretKey))).toBe(golden.deviceList);
    expect(toHex(hkdf(fromHex('00'.repeat(32)), 'mac1', 32))).toBe(golden.hkdf);
  });
});

function conversation(pattern: 'XX' | 'IK'): string[] {
  const said: string[] = [];
  const client = SecureLink.initiator({
    staticKey: clientKeys,
    random: seeded(1),
    features: 1,
    now,
    ...(pattern === 'IK' ? { remoteStatic: serverKeys.publicKey } : { pin: pinOf(serverKeys.publicKey) }),
  });
  const server = SecureLink.responder({ staticKey: serverKeys, random: seeded(2), features: 2, now });
  const flush = (from: SecureLink, to: SecureLink): void => {
    for (let bytes = from.pollOutput(); bytes; bytes = from.pollOutput()) {
      said.push(toHex(bytes));
      to.handleBytes(bytes, now);
    }
  };
  flush(client, server);
  flush(server, client);
  flush(client, server);
  client.sendFrame(fromHex('0100000001'), now);
  flush(client, server);
  const rekeyAt = client.pollTimeout()!.at;
  client.handleTimeout(rekeyAt);
  client.sendFrame(fromHex('0100000002'), now);
  flush(client, server);
  server.sendFrame(fromHex('0200000002'), now);
  flush(server, client);
  return said;
}

function seeded(seed: number): RandomSource {
  let count = 0;
  return { bytes: (length) => blake2b(64, Uint8Array.of(seed, ++count)).slice(0, length) };
}
