/** `nobody` of every Linux. */
const NOBODY = 65_534;

/** Who runs what need not be root, or must not: PostgreSQL refuses to, and what strangers' git servers send is not for root to parse. Undefined: as we do. */
export function unprivilegedUser(): { uid: number; gid: number } | undefined {
  return process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined;
}
