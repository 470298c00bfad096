import type { ThrottlerStorage } from '@nestjs/throttler';

/** What the library's guard reads: the times in seconds. */
export type WindowRecord = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/** Counts per caller and window: in this process, or in a Redis that several of them share. */
export abstract class WindowStorage implements ThrottlerStorage {
  /** `ttl` in milliseconds. */
  abstract increment(key: string, ttl: number, limit: number): Promise<WindowRecord>;

  /** Without counting; undefined when nothing was counted yet. */
  abstract peek(key: string, limit: number): Promise<WindowRecord | undefined>;
}

export function recordOf(hits: number, remainingMs: number, limit: number): WindowRecord {
  const seconds = Math.max(1, Math.ceil(remainingMs / 1000));
  const isBlocked = hits > limit;
  return { totalHits: hits, timeToExpire: seconds, isBlocked, timeToBlockExpire: isBlocked ? seconds : 0 };
}
