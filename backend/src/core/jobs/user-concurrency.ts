/**
 * Limits the running jobs per flag (one per user). The queue skips the flags in `full`; a job that it took before waits
 * here.
 */
export class UserConcurrency {
  private readonly slots = new Map<string, { busy: number; waiting: (() => void)[] }>();

  constructor(private readonly limit: number) {}

  /** Flags whose limit is reached. */
  full(): string[] {
    return [...this.slots].filter(([, { busy }]) => busy >= this.limit).map(([flag]) => flag);
  }

  async run<T>(flags: Readonly<Record<string, true>> | null, work: () => Promise<T>): Promise<T> {
    const [flag] = Object.keys(flags ?? {});
    if (flag === undefined) return work();
    await this.acquire(flag);
    try {
      return await work();
    } finally {
      this.release(flag);
    }
  }

  private async acquire(flag: string): Promise<void> {
    const slot = this.slots.get(flag) ?? { busy: 0, waiting: [] };
    this.slots.set(flag, slot);
    if (slot.busy >= this.limit) await new Promise<void>((resolve) => slot.waiting.push(resolve));
    else slot.busy += 1;
  }

  /** Passes the slot to the job that has waited longest. */
  private release(flag: string): void {
    const slot = this.slots.get(flag);
    if (!slot) return;
    const next = slot.waiting.shift();
    if (next) next();
    else if (--slot.busy === 0) this.slots.delete(flag);
  }
}
