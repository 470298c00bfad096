/** Slower than that on average, a body holds a connection for nothing. */
const LEAST_BYTES_PER_SECOND = 16 * 1024;
const GRACE_MS = 30_000;
export const PACE_CHECK_MS = 1000;

/** How much of a body has to be here by then. */
export function leastBytesAfter(elapsedMs: number): number {
  return elapsedMs < GRACE_MS ? 0 : (LEAST_BYTES_PER_SECOND * elapsedMs) / 1000;
}

/** As long as the largest body may take. */
export function longestMs(maxBytes: number): number {
  return GRACE_MS + (maxBytes / LEAST_BYTES_PER_SECOND) * 1000;
}
