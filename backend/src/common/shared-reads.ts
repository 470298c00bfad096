import type { Clock } from './time/clock.js';

interface Read<T> {
  value: Promise<T>;
  at: number;
}

/** Many who ask for the same thing at about the same time get one read of it. `forget` it when it changes; a read that began before that is nobody's any more. */
export class SharedReads<T> {
  private readonly reads = new Map<string, Read<T>>();

  constructor(
    private readonly clock: Clock,
    private readonly ttlMs: number,
    private readonly maxEntries = 2000,
  ) {}

  get(key: string, load: () => Promise<T>): Promise<T> {
    const now = this.clock.now().getTime();
    const known = this.reads.get(key);
    if (known && now - known.at < this.ttlMs) return known.value;
    const read = { value: load(), at: now };
    read.value.catch(() => this.reads.get(key) === read && this.reads.delete(key));
    this.reads.delete(key);
    this.reads.set(key, read);
    const oldest = this.reads.size > this.maxEntries ? this.reads.keys().next().value : undefined;
    if (oldest !== undefined) this.reads.delete(oldest);
    return read.value;
  }

  forget(key: string): void {
    this.reads.delete(key);
  }

  clear(): void {
    this.reads.clear();
  }
}
