import type { ThrottlerStorage } from '@nestjs/throttler';

/** Record that the library's guard reads; times in seconds. */
export type WindowRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** Counts per client and window, in this process or in Redis. */
export abstract class WindowStorage implements ThrottlerStorage {
  /** `ttl` in milliseconds. */
  abstract increment(key: string, ttl: number, limit: number): Promise<WindowRecord>;

  /** Reads the count without a hit; undefined if there is none. */
  abstract peek(key: string, limit: number): Promise<WindowRecord | undefined>;

  /** Takes a hit back, if its window has not ended. */
  abstract takeBack(key: string): Promise<void>;
}

export function recordOf(hits: number, remainingMs: number, limit: number): WindowRecord {
  // A sum and a difference of fractions may give 60,000.00000001 ms.
  const seconds = Math.max(1, Math.ceil(Math.round(remainingMs) / 1000));
  const isBlocked = hits > limit;
  return { totalHits: hits, timeToExpire: seconds, isBlocked, timeToBlockExpire: isBlocked ? seconds : 0 };
}
