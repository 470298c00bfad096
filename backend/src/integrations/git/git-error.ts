import { safeText } from '#src/common/safe-text.js';
import { containsInOrder } from '#src/common/text-search.js';

export type GitErrorKind =
  | 'auth'
  | 'not-found'
  | 'ref-not-found'
  | 'timeout'
  | 'too-large'
  | 'not-allowed'
  | 'unreachable'
  | 'disk-full'
  | 'submodule'
  | 'failed';

/** A failure of a repository; the message is for the user and holds no secret. */
export class GitError extends Error {
  constructor(
    readonly kind: GitErrorKind,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(safeText(message), options);
  }
}

/** git has no error codes: these are parts of its messages in the C locale, in lower case and in this order. */
const MESSAGES: [parts: string[], GitErrorKind][] = [
  [['operation too slow'], 'timeout'],
  [['host key verification failed'], 'auth'],
  [['remote host identification has changed'], 'auth'],
  [['authentication failed'], 'auth'],
  [['could not read username'], 'auth'],
  [['could not read password'], 'auth'],
  [['permission denied ('], 'auth'],
  [['access denied'], 'auth'],
  [['returned error: 401'], 'auth'],
  [['returned error: 403'], 'auth'],
  [['invalid username'], 'auth'],
  [['invalid credentials'], 'auth'],
  [['load key "', '": error'], 'auth'],
  [['load key "', '": invalid'], 'auth'],
  [["couldn't find remote ref"], 'ref-not-found'],
  [['remote branch ', ' not found'], 'ref-not-found'],
  [['not our ref'], 'ref-not-found'],
  [['unadvertised object'], 'ref-not-found'],
  [['want ', ' not valid'], 'ref-not-found'],
  [['no such remote ref'], 'ref-not-found'],
  [['did not contain '], 'ref-not-found'],
  [['bad object'], 'ref-not-found'],
  [['unknown revision'], 'ref-not-found'],
  [['returned error: 404'], 'not-found'],
  [['repository ', 'not found'], 'not-found'],
  [['does not appear to be a git repository'], 'not-found'],
  [['no such repo'], 'not-found'],
  [['no space left on device'], 'disk-full'],
  [['could not resolve'], 'unreachable'],
  [['connection refused'], 'unreachable'],
  [['connection reset'], 'unreachable'],
  [['connection closed'], 'unreachable'],
  [['connection timed out'], 'unreachable'],
  [['failed to connect'], 'unreachable'],
  [['unable to access'], 'unreachable'],
  [['early eof'], 'unreachable'],
  [['hung up'], 'unreachable'],
];

/** Each message stands in one line. */
export function kindOfOutput(output: string): GitErrorKind {
  const lines = output.toLowerCase().split('\n');
  return MESSAGES.find(([parts]) => lines.some((line) => containsInOrder(line, ...parts)))?.[1] ?? 'failed';
}
