import { describe, expect, it } from 'vitest';
import { KeyedSemaphore } from './keyed-semaphore.js';

const LIMIT = 4;

describe('a keyed semaphore', () => {
  const never = new AbortController().signal;

  it('must admit up to its limit, then one for each release, in FIFO order', async () => {
    const semaphore = new KeyedSemaphore(LIMIT);
    const inside: string[] = [];
    const all = Array.from({ length: LIMIT + 3 }, (_, index) => String(index));
    const entered = all.map(async (id) => {
      await semaphore.acquire(id, never);
      inside.push(id);
    });
    await Promise.all(entered.slice(0, LIMIT));
    expect(inside).toEqual(all.slice(0, LIMIT));
    for (let left = 0; left < 3; left++) {
      semaphore.release(String(left));
      semaphore.release(String(left));
      await entered[LIMIT + left];
      expect(inside).toEqual(all.slice(0, LIMIT + left + 1));
    }
  });

  it('must reject only the waiter that is cancelled', async () => {
    const semaphore = new KeyedSemaphore(LIMIT);
    for (let index = 0; index < LIMIT; index++) await semaphore.acquire(String(index), never);
    const cancel = new AbortController();
    const cancelled = semaphore.acquire('cancelled', cancel.signal);
    const next = semaphore.acquire('next', never);
    cancel.abort(new Error('cancelled'));
    await expect(cancelled).rejects.toThrow('cancelled');
    semaphore.release('0');
    await next;
  });
});
