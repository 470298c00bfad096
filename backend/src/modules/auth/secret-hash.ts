import { createHash } from 'node:crypto';
import bcrypt from 'bcrypt';

const COST = 10;
/** A hash that no secret matches: the check of an unknown key takes as long as that of a wrong secret. */
const DUMMY_HASH = '$2b$10$CwTycUXWue0Thq9StjUM0uJ8oY6eQ1m0rkqVqfDkm1vJx6vU6W9e6';

export function hashSecret(secret: string): Promise<string> {
  return bcrypt.hash(secret, COST);
}

export function secretMatches(secret: string, hash: string | undefined): Promise<boolean> {
  return bcrypt.compare(secret, hash ?? DUMMY_HASH);
}

/** Returns the SHA-256 in hexadecimal: enough for tokens that are long, random and valid for minutes. */
export function digestOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
