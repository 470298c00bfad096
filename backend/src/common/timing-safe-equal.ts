import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether two secrets are the same text, in a time that tells neither how much of them agrees nor how long they are. */
export function timingSafeEqualText(presented: string, expected: string): boolean {
  return timingSafeEqual(digest(presented), digest(expected));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
