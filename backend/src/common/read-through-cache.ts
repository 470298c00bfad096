import { LRUCache } from 'lru-cache';

/**
 * Concurrent reads of a key use one load, and its value is kept for `ttlMs`. `invalidate` a key when its value
 * changes: a load that started before the change then serves only the callers that already wait for it.
 */
export class ReadThroughCache<T> {
  private readonly loads: LRUCache<string, Promise<T>>;

  constructor(ttlMs: number, max = 2000) {
    this.loads = new LRUCache({ max, ttl: ttlMs });
  }

  get(key: string, load: () => Promise<T>): Promise<T> {
    const known = this.loads.get(key);
    if (known) return known;
    const value = load();
    this.loads.set(key, value);
    value.catch(() => this.loads.peek(key) === value && this.loads.delete(key));
    return value;
  }

  invalidate(key: string): void {
    this.loads.delete(key);
  }

  clear(): void {
    this.loads.clear();
  }
}
