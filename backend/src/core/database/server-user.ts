/** PostgreSQL refuses to run as root: `nobody` of every Linux. */
const NOBODY = 65_534;

/** Who the embedded server runs as; undefined: as we do. */
export function serverUser(): { uid: number; gid: number } | undefined {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
}
