import { readFileSync } from 'node:fs';

export interface UserIds {
  uid: number;
  gid: number;
}

/** Uid of `nobody` on Linux. */
const NOBODY = 65_534;
/** System users that Linux Standard Base requires. They own no data, and no program runs as them. */
const IDLE_USERS = ['bin', 'daemon'];

/** The user of PostgreSQL, which refuses to run as root. Undefined when the API itself does not run as root. */
export function unprivilegedUser(): UserIds | undefined {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
}

/**
 * The user of git, which parses data of untrusted servers: another one than PostgreSQL's, whose files and processes a
 * fault in git must not reach. Undefined when the API itself does not run as root.
 */
export function gitUser(): UserIds | undefined {
  return process.getuid?.() === 0 ? idleUserIn(readFileSync('/etc/passwd', 'utf8')) : undefined;
}

/** Finds a user with a line in `/etc/passwd`, which ssh requires. Falls back to `nobody`. */
export function idleUserIn(passwd: string): UserIds {
  const users = passwd.split('\n').map((line) => line.split(':'));
  for (const wanted of IDLE_USERS) {
    const [, , uid, gid] = users.find(([name]) => name === wanted) ?? [];
    if (Number(uid) > 0 && Number(gid) > 0 && Number(uid) !== NOBODY) return { uid: Number(uid), gid: Number(gid) };
  }
  return { uid: NOBODY, gid: NOBODY };
}
