/** A room with so many places: whoever has one keeps it until he leaves; the others wait in the order in which they came. */
export class KeyedSemaphore {
  private readonly inside = new Set<string>();
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly places: number) {}

  /** Entering again is fine. Throws when the signal ends the wait. */
  async acquire(id: string, signal: AbortSignal): Promise<void> {
    while (!this.inside.has(id) && this.isFull) {
      await this.nextRelease(signal);
      signal.throwIfAborted();
    }
    this.inside.add(id);
  }

  /** Must `id` wait? */
  wouldBlock(id: string): boolean {
    return this.isFull && !this.inside.has(id);
  }

  /** Leaving again is fine. */
  release(id: string): void {
    if (this.inside.delete(id)) this.waiting.shift()?.();
  }

  private get isFull(): boolean {
    return this.inside.size >= this.places;
  }

  private nextRelease(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', given);
        resolve();
      };
      const given = () => {
        const place = this.waiting.indexOf(done);
        if (place >= 0) this.waiting.splice(place, 1);
        resolve();
      };
      this.waiting.push(done);
      signal.addEventListener('abort', given, { once: true });
    });
  }
}
