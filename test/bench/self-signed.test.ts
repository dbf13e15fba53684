import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { selfSigned } from './self-signed.ts';

describe('the certificate of the TLS bench', () => {
  it('is signed by the key that it names', () => {
    const { cert, key } = selfSigned();
    const certificate = new X509Certificate(cert);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.subject).toBe('CN=localhost');
  });

  it('is another one each time', () => {
    expect(selfSigned().cert).not.toBe(selfSigned().cert);
  });
});
