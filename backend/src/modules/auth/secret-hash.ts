import { createHash } from 'node:crypto';
import bcrypt from 'bcrypt';

const COST = 10;
/** A hash that nothing matches: an unknown key costs as much time as a wrong secret. */
const NOBODY = '$2b$10$CwTycUXWue0Thq9StjUM0uJ8oY6eQ1m0rkqVqfDkm1vJx6vU6W9e6';

export function hashSecret(secret: string): Promise<string> {
  return bcrypt.hash(secret, COST);
}

export function secretMatches(secret: string, hash: string | undefined): Promise<boolean> {
  return bcrypt.compare(secret, hash ?? NOBODY);
}

/** SHA-256, hexadecimal: enough for what is long and random, and lives for minutes. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
