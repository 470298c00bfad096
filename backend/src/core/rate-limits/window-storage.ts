import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { Clock } from '../../common/time/clock.js';

/** Beyond that many callers at once, what has run out is forgotten. */
const SWEEP_ABOVE = 10_000;

interface Window {
  hits: number;
  endsAt: number;
}

type Record = Awaited<ReturnType<ThrottlerStorage['increment']>>;

/**
 * Counts per caller and window. The library's own storage keeps the time of every single hit, so that its cost grows with the limit; this one
 * holds two numbers per caller.
 */
@Injectable()
export class WindowStorage implements ThrottlerStorage {
  private readonly windows = new Map<string, Window>();

  constructor(private readonly clock: Clock) {}

  /** `ttl` in milliseconds; the times of the answer in seconds. */
  increment(key: string, ttl: number, limit: number): Promise<Record> {
    const now = this.clock.now().getTime();
    const window = this.current(key, now) ?? this.open(key, now, ttl);
    window.hits += 1;
    return Promise.resolve(recordOf(window, now, limit));
  }

  /** Without counting; undefined when nothing was counted yet. */
  peek(key: string, limit: number): Record | undefined {
    const now = this.clock.now().getTime();
    const window = this.current(key, now);
    return window && recordOf({ ...window, hits: window.hits + 1 }, now, limit);
  }

  private current(key: string, now: number): Window | undefined {
    const window = this.windows.get(key);
    return window && window.endsAt > now ? window : undefined;
  }

  private open(key: string, now: number, ttl: number): Window {
    if (this.windows.size > SWEEP_ABOVE)
      for (const [other, { endsAt }] of this.windows) if (endsAt <= now) this.windows.delete(other);
    const window = { hits: 0, endsAt: now + ttl };
    this.windows.set(key, window);
    return window;
  }
}

function recordOf({ hits, endsAt }: Window, now: number, limit: number): Record {
  const seconds = Math.max(1, Math.ceil((endsAt - now) / 1000));
  const isBlocked = hits > limit;
  return { totalHits: hits, timeToExpire: seconds, isBlocked, timeToBlockExpire: isBlocked ? seconds : 0 };
}
