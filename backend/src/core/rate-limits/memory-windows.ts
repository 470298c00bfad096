import type { Clock } from '#src/common/time/clock.js';
import { recordOf, type WindowRecord, WindowStorage } from './window-storage.js';

/** Above this number of windows the expired ones are removed. */
const SWEEP_ABOVE = 10_000;

interface Window {
  hits: number;
  endsAt: number;
}

/**
 * Counts in memory, two numbers per client; the storage of the library keeps the time of every hit, so that its cost
 * grows with the limit.
 */
export class MemoryWindows extends WindowStorage {
  private readonly windows = new Map<string, Window>();

  constructor(private readonly clock: Clock) {
    super();
  }

  override increment(key: string, ttl: number, limit: number): Promise<WindowRecord> {
    const now = this.clock.monotonicMs();
    const window = this.current(key, now) ?? this.open(key, now, ttl);
    window.hits += 1;
    return Promise.resolve(recordOf(window.hits, window.endsAt - now, limit));
  }

  override peek(key: string, limit: number): Promise<WindowRecord | undefined> {
    const now = this.clock.monotonicMs();
    const window = this.current(key, now);
    return Promise.resolve(window && recordOf(window.hits + 1, window.endsAt - now, limit));
  }

  override takeBack(key: string): Promise<void> {
    const window = this.current(key, this.clock.monotonicMs());
    if (window) window.hits -= 1;
    return Promise.resolve();
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
