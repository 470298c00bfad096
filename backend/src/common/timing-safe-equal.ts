import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether two secrets are equal. The time it takes reveals neither a common prefix nor a length. */
export function timingSafeEqualText(presented: string, expected: string): boolean {
  return timingSafeEqual(digest(presented), digest(expected));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
