/** Exponential backoff: each failure in a row doubles the delay until the next attempt, up to a limit. */
export class GrowingPause {
  private failures = 0;
  private dueAtMs = 0;

  constructor(private readonly limits: { firstMs: number; longestMs: number }) {}

  isDue(now: Date): boolean {
    return now.getTime() >= this.dueAtMs;
  }

  failed(now: Date): void {
    const { firstMs, longestMs } = this.limits;
    this.dueAtMs = now.getTime() + Math.min(firstMs * 2 ** this.failures, longestMs);
    this.failures += 1;
  }

  succeeded(): void {
    this.failures = 0;
    this.dueAtMs = 0;
  }
}
