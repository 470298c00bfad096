/**
 * Runs a limited number of tasks at a time. Waiting groups take turns, so that a group with many tasks delays no other.
 */
export class FairSemaphore {
  /** Waiting tasks by group, in the order in which the groups are served next. */
  private readonly waiting = new Map<string, (() => void)[]>();

  constructor(private free: number) {}

  async run<T>(group: string, work: () => Promise<T>): Promise<T> {
    if (this.free > 0) this.free -= 1;
    else await this.turnOf(group);
    try {
      return await work();
    } finally {
      this.pass();
    }
  }

  private turnOf(group: string): Promise<void> {
    return new Promise((resolve) => {
      const queue = this.waiting.get(group);
      if (queue) queue.push(resolve);
      else this.waiting.set(group, [resolve]);
    });
  }

  /** Passes the permit on to the group that has waited longest, and moves that group to the end. */
  private pass(): void {
    const [next] = this.waiting;
    if (!next) {
      this.free += 1;
      return;
    }
    const [group, queue] = next;
    const resume = queue.shift();
    this.waiting.delete(group);
    if (queue.length > 0) this.waiting.set(group, queue);
    resume?.();
  }
}
