/** The format `rw_prod_{keyId}.{secret}`: both parts are 16 characters of nanoid's alphabet. */
const KEY = /^rw_prod_([A-Za-z0-9_-]{16})\.([A-Za-z0-9_-]{16})$/;

export interface KeyParts {
  keyId: string;
  secret: string;
}

export function formatKey({ keyId, secret }: KeyParts): string {
  return `rw_prod_${keyId}.${secret}`;
}

export function parseKey(presented: string): KeyParts | undefined {
  const [, keyId, secret] = KEY.exec(presented) ?? [];
  return keyId && secret ? { keyId, secret } : undefined;
}
