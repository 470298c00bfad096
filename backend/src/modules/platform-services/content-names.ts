import { createHash } from 'node:crypto';

const HASH_LENGTH = 24;

export function contentHash(content: string): string {
  return createHash('sha256').update(content).digest('hex').slice(0, HASH_LENGTH);
}

/** Names a config or secret by the hash of what determines its content, so an object never changes under its name. */
export function contentName(kind: string, content: string): string {
  return `berth_${kind}_${contentHash(content)}`;
}
