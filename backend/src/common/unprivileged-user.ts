/** Uid of `nobody` on Linux. */
const NOBODY = 65_534;

/**
 * The user of processes that must not run as root: PostgreSQL refuses to, and git parses data of untrusted servers.
 * Undefined when the API itself does not run as root.
 */
export function unprivilegedUser(): { uid: number; gid: number } | undefined {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
}
