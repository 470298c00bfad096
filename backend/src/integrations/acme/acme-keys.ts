import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';

/** Creates a key for an account or a certificate: EC P-256, PKCS#8 in PEM. */
export function createPrivateKeyPem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Thumbprint by RFC 7638: SHA-256 of the key's required members in the order of their names. */
export function thumbprintOf(accountKey: string): string {
  const { crv, kty, x, y } = createPublicKey(accountKey).export({ format: 'jwk' });
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
