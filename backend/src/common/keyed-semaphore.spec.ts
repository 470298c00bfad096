import { describe, expect, it } from 'vitest';
import { KeyedSemaphore } from './keyed-semaphore.js';

const LIMIT = 4;

describe('a gate', () => {
  const never = new AbortController().signal;

  it('must let a few in, then one for each that leaves, in their order', async () => {
    const gate = new KeyedSemaphore(LIMIT);
    const inside: string[] = [];
    const all = Array.from({ length: LIMIT + 3 }, (_, index) => String(index));
    const entered = all.map(async (id) => {
      await gate.acquire(id, never);
      inside.push(id);
    });
    await Promise.all(entered.slice(0, LIMIT));
    expect(inside).toEqual(all.slice(0, LIMIT));
    for (let left = 0; left < 3; left++) {
      gate.release(String(left));
      gate.release(String(left));
      await entered[LIMIT + left];
      expect(inside).toEqual(all.slice(0, LIMIT + left + 1));
    }
  });

  it('must let go of who is cancelled while he waits, and of nobody else', async () => {
    const gate = new KeyedSemaphore(LIMIT);
    for (let index = 0; index < LIMIT; index++) await gate.acquire(String(index), never);
    const cancel = new AbortController();
    const cancelled = gate.acquire('cancelled', cancel.signal);
    const next = gate.acquire('next', never);
    cancel.abort(new Error('cancelled'));
    await expect(cancelled).rejects.toThrow('cancelled');
    gate.release('0');
    await next;
  });
});
