export type GitErrorKind =
  | 'auth'
  | 'not-found'
  | 'ref-not-found'
  | 'timeout'
  | 'too-large'
  | 'not-allowed'
  | 'unreachable'
  | 'disk-full'
  | 'failed';

/** A failure of a repository; the message is for the user and holds no secret. */
export class GitError extends Error {
  constructor(
    readonly kind: GitErrorKind,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** git has no error codes: these are its messages in the C locale. */
const MESSAGES: [RegExp, GitErrorKind][] = [
  [/operation too slow/i, 'timeout'],
  [/host key verification failed|remote host identification has changed/i, 'auth'],
  [/authentication failed|could not read (username|password)|permission denied \(|access denied/i, 'auth'],
  [/returned error: 40[13]\b|invalid (username|credentials)|load key ".*": (error|invalid)/i, 'auth'],
  [
    /couldn't find remote ref|remote branch .* not found|not our ref|unadvertised object|no such remote ref|bad object|unknown revision/i,
    'ref-not-found',
  ],
  [/returned error: 404\b|repository .*not found|does not appear to be a git repository|no such repo/i, 'not-found'],
  [/no space left on device/i, 'disk-full'],
  [
    /could not resolve|connection (refused|reset|closed|timed out)|failed to connect|unable to access|early eof|hung up/i,
    'unreachable',
  ],
];

export function kindOfOutput(output: string): GitErrorKind {
  return MESSAGES.find(([message]) => message.test(output))?.[1] ?? 'failed';
}
