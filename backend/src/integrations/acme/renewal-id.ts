/**
 * Renewal id by RFC 9773, 4.1: the certificate's issuer key id and serial number. Undefined if it names no issuer key.
 */
export async function renewalId(chain: string): Promise<string | undefined> {
  const { AuthorityKeyIdentifierExtension, X509Certificate } = await import('@peculiar/x509');
  const certificate = new X509Certificate(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/.exec(chain)?.[0] ?? chain);
  const { keyId } = certificate.getExtension(AuthorityKeyIdentifierExtension) ?? {};
  if (!keyId) return undefined;
  const serial = Buffer.from(certificate.serialNumber, 'hex');
  // DER encodes a positive number whose first bit is set with a leading zero byte, which is part of the serial number.
  const encoded = (serial[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), serial]) : serial;
  return [Buffer.from(keyId, 'hex'), encoded].map((part) => part.toString('base64url')).join('.');
}
