/** Who has many jobs takes a share of the workers and no more. The queue is told whose is used up; what it has taken meanwhile waits here. */
export class UserConcurrency {
  private readonly shares = new Map<string, { busy: number; waiting: (() => void)[] }>();

  constructor(private readonly limit: number) {}

  /** Flags of jobs that must not be taken now. */
  full(): string[] {
    return [...this.shares].filter(([, { busy }]) => busy >= this.limit).map(([flag]) => flag);
  }

  async run<T>(flags: Readonly<Record<string, true>> | null, work: () => Promise<T>): Promise<T> {
    const [flag] = Object.keys(flags ?? {});
    if (flag === undefined) return work();
    await this.enter(flag);
    try {
      return await work();
    } finally {
      this.leave(flag);
    }
  }

  private async enter(flag: string): Promise<void> {
    const share = this.shares.get(flag) ?? { busy: 0, waiting: [] };
    this.shares.set(flag, share);
    if (share.busy >= this.limit) await new Promise<void>((resolve) => share.waiting.push(resolve));
    else share.busy += 1;
  }

  /** Its place goes to the one that waits longest. */
  private leave(flag: string): void {
    const share = this.shares.get(flag);
    if (!share) return;
    const next = share.waiting.shift();
    if (next) next();
    else if (--share.busy === 0) this.shares.delete(flag);
  }
}
