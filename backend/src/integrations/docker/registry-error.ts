export type RegistryErrorKind =
  'not-found' | 'unauthorized' | 'rate-limited' | 'unreachable' | 'disk-full' | 'not-allowed';

/**
 * A failed pull, push or lookup of an image. Its kind is parsed from the message, because the Engine returns most
 * registry errors as 500.
 */
export class RegistryError extends Error {
  constructor(
    readonly kind: RegistryErrorKind,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

const SIGNS: [RegistryErrorKind, RegExp][] = [
  ['disk-full', /no space left on device/i],
  ['rate-limited', /toomanyrequests|too many requests|rate limit/i],
  [
    'not-found',
    /manifest unknown|manifest for .* not found|name unknown|not found: manifest|repository .* not found|does not exist|invalid repository name|404 Not Found/i,
  ],
  [
    'unauthorized',
    /unauthorized|no basic auth credentials|authentication required|denied|incorrect username or password|401|403 Forbidden/i,
  ],
  [
    'unreachable',
    /dial tcp|no such host|i\/o timeout|connection refused|connection reset|TLS handshake|x509|context deadline exceeded|Client\.Timeout|server gave HTTP response to HTTPS client|unexpected EOF|EOF$|50[0234] /i,
  ],
];

export function toRegistryError(message: string, cause?: unknown): RegistryError | undefined {
  const kind = SIGNS.find(([, sign]) => sign.test(message))?.[0];
  return kind && new RegistryError(kind, message, { cause });
}
