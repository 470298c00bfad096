import { createHash } from 'node:crypto';

const HASH_LENGTH = 24;

export function contentHash(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, HASH_LENGTH);
}

/** Of a config or secret, by what its content is or follows from: it never changes. */
export function contentName(kind: string, content: string): string {
  return `berth_${kind}_${contentHash(content)}`;
}
