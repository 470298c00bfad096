/** Limits how many ids hold a permit at a time; the others wait in FIFO order. */
export class KeyedSemaphore {
  private readonly holders = new Set<string>();
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  /** Resolves at once for an id that holds a permit. Throws when the signal aborts the wait. */
  async acquire(id: string, signal: AbortSignal): Promise<void> {
    while (!this.holders.has(id) && this.isFull) {
      await this.nextRelease(signal);
      signal.throwIfAborted();
    }
    this.holders.add(id);
  }

  /** Whether `acquire(id)` would wait. */
  wouldBlock(id: string): boolean {
    return this.isFull && !this.holders.has(id);
  }

  /** Does nothing for an id without a permit. */
  release(id: string): void {
    if (this.holders.delete(id)) this.waiting.shift()?.();
  }

  private get isFull(): boolean {
    return this.holders.size >= this.limit;
  }

  private nextRelease(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const abort = () => {
        const index = this.waiting.indexOf(done);
        if (index >= 0) this.waiting.splice(index, 1);
        resolve();
      };
      this.waiting.push(done);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
