/**
 * Exponential backoff: each failure in a row doubles the delay until the next attempt, up to a limit. Times are
 * monotonic.
 */
export class GrowingPause {
  private failures = 0;
  private dueAtMs = -Infinity;

  constructor(private readonly limits: { firstMs: number; longestMs: number }) {}

  isDue(nowMs: number): boolean {
    return nowMs >= this.dueAtMs;
  }

  failed(nowMs: number): void {
    const { firstMs, longestMs } = this.limits;
    this.dueAtMs = nowMs + Math.min(firstMs * 2 ** this.failures, longestMs);
    this.failures += 1;
  }

  succeeded(): void {
    this.failures = 0;
    this.dueAtMs = -Infinity;
  }
}
