import { unprivilegedUser } from '#src/common/unprivileged-user.js';

/** Patterns of PostgreSQL's log and the advice for each. */
const ADVICE: [RegExp, (folder: string) => string][] = [
  [/no space left|ENOSPC|quota exceeded|EDQUOT/i, (folder) => `free some space on the disk that holds ${folder}`],
  [
    /permission denied|EACCES|EPERM|wrong ownership|invalid permissions|read-only file system|EROFS/i,
    (folder) => `give ${folder} to the user that PostgreSQL runs as, uid ${owner()}, and make it writable`,
  ],
  [
    /incompatible with server|initialized by PostgreSQL version/i,
    () => 'start the version of Berth that wrote it, dump the database there, and restore it here',
  ],
  [/user does not exist/i, () => `give the uid ${owner()} a line in /etc/passwd`],
  [/cannot allocate memory|out of memory|ENOMEM/i, () => 'free some memory'],
  [
    /could not open|could not locate|invalid (primary )?checkpoint|invalid data in file|not a valid data directory|is missing|bogus data|corrupt|incorrect checksum/i,
    (folder) => `the data is damaged: restore ${folder} from a backup, or move it away to start with an empty database`,
  ],
];

/** Formats a failure as one sentence: what failed, why, and what to do. */
export function postgresFailure(what: string, reason: string, folder: string, logFile: string): string {
  const advice = ADVICE.find(([pattern]) => pattern.test(reason))?.[1](folder) ?? `see ${logFile}`;
  return `${what} (${reason || 'no message'}): ${advice}`;
}

/** The last line with FATAL or PANIC of a log, else its last line. */
export function lastError(log: string): string {
  const lines = log.trimEnd().split('\n');
  const fatal = lines.findLast((line) => /\b(FATAL|PANIC):/.test(line)) ?? lines.at(-1) ?? '';
  return fatal.replace(/^[-\d]+ [\d:.]+ \S+ \[\d+\] /, '').trim();
}

function owner(): number | undefined {
  return unprivilegedUser()?.uid ?? process.getuid?.();
}
