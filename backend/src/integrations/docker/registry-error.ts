import { safeText } from '#src/common/safe-text.js';
import { containsInOrder } from '#src/common/text-search.js';

export type RegistryErrorKind =
  | 'not-found'
  | 'unauthorized'
  | 'rate-limited'
  | 'unreachable'
  | 'disk-full'
  /** its host is private and not listed */
  | 'not-allowed'
  /** an answer that is none of these */
  | 'failed';

/** The Engine quotes the body of a registry's answer, of any size. */
const MAX_READ = 2048;
const MAX_LOGGED = 500;

/**
 * A failed pull, push or lookup of an image. Its kind is parsed from the message, because the Engine returns most
 * registry errors as 500. The message is for the log: it may quote what the server answered, which no user is shown.
 */
export class RegistryError extends Error {
  constructor(
    readonly kind: RegistryErrorKind,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(safeText(message, { maxLength: MAX_LOGGED }), options);
  }
}

/** Parts of a message in lower case, in their order. */
type Sign = string[];

const SIGNS: [RegistryErrorKind, Sign[]][] = [
  ['disk-full', [['no space left on device']]],
  ['rate-limited', [['toomanyrequests'], ['too many requests'], ['rate limit']]],
  [
    'not-found',
    [
      ['manifest unknown'],
      ['manifest for ', ' not found'],
      ['name unknown'],
      ['not found: manifest'],
      ['repository ', ' not found'],
      ['does not exist'],
      ['invalid repository name'],
      ['404 not found'],
    ],
  ],
  [
    'unauthorized',
    [
      ['unauthorized'],
      ['no basic auth credentials'],
      ['authentication required'],
      ['denied'],
      ['incorrect username or password'],
      ['401'],
      ['403 forbidden'],
    ],
  ],
  [
    'unreachable',
    [
      ['dial tcp'],
      ['no such host'],
      ['i/o timeout'],
      ['connection refused'],
      ['connection reset'],
      ['tls handshake'],
      ['x509'],
      ['context deadline exceeded'],
      ['client.timeout'],
      ['server gave http response to https client'],
      ['unexpected eof'],
      ['500 '],
      ['502 '],
      ['503 '],
      ['504 '],
    ],
  ],
];

export function toRegistryError(message: string, cause?: unknown): RegistryError | undefined {
  const text = message.slice(0, MAX_READ).toLowerCase();
  const kind =
    SIGNS.find(([, signs]) => signs.some((parts) => containsInOrder(text, ...parts)))?.[0] ??
    (text.endsWith('eof') ? 'unreachable' : undefined);
  return kind && new RegistryError(kind, message, { cause });
}
