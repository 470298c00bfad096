/** Minimum average rate of a body: a slower client would hold a connection for too long. */
const MIN_BYTES_PER_SECOND = 16 * 1024;
const GRACE_MS = 30_000;
export const PACE_CHECK_MS = 1000;

/** Bytes of a body that must be received after `elapsedMs`. */
export function minBytesAfter(elapsedMs: number): number {
  return elapsedMs < GRACE_MS ? 0 : (MIN_BYTES_PER_SECOND * elapsedMs) / 1000;
}

/** Maximum duration of a body of `maxBytes`, in milliseconds. */
export function longestMs(maxBytes: number): number {
  return GRACE_MS + (maxBytes / MIN_BYTES_PER_SECOND) * 1000;
}
