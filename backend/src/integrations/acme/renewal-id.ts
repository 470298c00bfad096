/** RFC 9773, 4.1: the issuer's key and the serial number, as the certificate has them. Undefined for one that names no issuer's key. */
export async function renewalId(chain: string): Promise<string | undefined> {
  const { AuthorityKeyIdentifierExtension, X509Certificate } = await import('@peculiar/x509');
  const certificate = new X509Certificate(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/.exec(chain)?.[0] ?? chain);
  const { keyId } = certificate.getExtension(AuthorityKeyIdentifierExtension) ?? {};
  if (!keyId) return undefined;
  const serial = Buffer.from(certificate.serialNumber, 'hex');
  // A positive number whose first bit is set has a zero byte before it, which belongs to it.
  const encoded = (serial[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.of(0), serial]) : serial;
  return [Buffer.from(keyId, 'hex'), encoded].map((part) => part.toString('base64url')).join('.');
}
