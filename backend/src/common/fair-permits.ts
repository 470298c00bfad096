interface Waiter {
  id: string;
  owner: string;
  grant: () => void;
}

/**
 * Limits how many ids hold a permit at a time. A free permit goes to the owner that holds the fewest, then to the one
 * whose last permit is the oldest (round robin); the ids of one owner wait in FIFO order.
 */
export class FairPermits {
  /** Owner by id. */
  private readonly holders = new Map<string, string>();
  private waiting: Waiter[] = [];
  /** Owners in the order of their last permit, the newest last. */
  private readonly granted = new Set<string>();

  constructor(private readonly limit: number) {}

  /** Resolves at once for an id that holds a permit. Throws when the signal aborts the wait. */
  async acquire(id: string, owner: string, signal: AbortSignal): Promise<void> {
    if (this.holders.has(id)) return;
    signal.throwIfAborted();
    if (!this.isFull) {
      this.grant(id, owner);
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const waiter = { id, owner, grant: resolve };
      this.waiting.push(waiter);
      const abort = () => {
        this.waiting = this.waiting.filter((other) => other !== waiter);
        reject(signal.reason as Error);
      };
      signal.addEventListener('abort', abort, { once: true });
      waiter.grant = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
    });
  }

  /** Whether `acquire` would wait. */
  wouldBlock(id: string): boolean {
    return this.isFull && !this.holders.has(id);
  }

  /** Does nothing for an id without a permit. */
  release(id: string): void {
    if (!this.holders.delete(id)) return;
    const next = this.next();
    if (!next) return;
    this.waiting = this.waiting.filter((waiter) => waiter !== next);
    this.grant(next.id, next.owner);
    next.grant();
  }

  private get isFull(): boolean {
    return this.holders.size >= this.limit;
  }

  private grant(id: string, owner: string): void {
    this.holders.set(id, owner);
    this.granted.delete(owner);
    this.granted.add(owner);
  }

  private next(): Waiter | undefined {
    const order = [...this.granted];
    const held = (owner: string) => [...this.holders.values()].filter((holder) => holder === owner).length;
    const ranked = this.waiting.map((waiter) => ({
      waiter,
      held: held(waiter.owner),
      last: order.indexOf(waiter.owner),
    }));
    return ranked.sort((a, b) => a.held - b.held || a.last - b.last)[0]?.waiter;
  }
}
