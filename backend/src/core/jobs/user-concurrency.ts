/** Limits the running jobs per flag (one per user). The queue skips the flags in `full`. */
export class UserConcurrency {
  private readonly running = new Map<string, number>();

  constructor(private readonly limit: number) {}

  /** Flags whose limit is reached. */
  full(): string[] {
    return [...this.running].filter(([, count]) => count >= this.limit).map(([flag]) => flag);
  }

  /** Runs `work` and returns true, or returns false at once when the limit of the flag is reached. */
  async tryRun(flags: Readonly<Record<string, true>> | null, work: () => Promise<void>): Promise<boolean> {
    const [flag] = Object.keys(flags ?? {});
    const count = flag === undefined ? 0 : (this.running.get(flag) ?? 0);
    if (count >= this.limit) return false;
    if (flag !== undefined) this.running.set(flag, count + 1);
    try {
      await work();
      return true;
    } finally {
      if (flag !== undefined) this.release(flag);
    }
  }

  private release(flag: string): void {
    const count = (this.running.get(flag) ?? 0) - 1;
    if (count > 0) this.running.set(flag, count);
    else this.running.delete(flag);
  }
}
