import { describe, expect, it } from 'vitest';
import { FairSemaphore } from './fair-semaphore.js';

const never = new AbortController().signal;

function waitingFor(semaphore: FairSemaphore, ids: string[]) {
  const inside: string[] = [];
  for (const id of ids) void semaphore.acquire(id, id.charAt(0), never).then(() => inside.push(id));
  return inside;
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a fair semaphore', () => {
  it('must give each free permit to the owners in turn, however many ids one of them has', async () => {
    const semaphore = new FairSemaphore(1);
    const inside = waitingFor(semaphore, ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']);
    for (const id of ['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']) {
      await settle();
      expect(inside.at(-1)).toBe(id);
      semaphore.release(id);
      semaphore.release(id);
    }
  });

  it('must prefer the owner that holds the fewest permits', async () => {
    const semaphore = new FairSemaphore(3);
    const inside = waitingFor(semaphore, ['b1', 'a1', 'a2', 'a3', 'b2', 'b3']);
    semaphore.release('a1');
    await settle();
    semaphore.release('a2');
    await settle();
    expect(inside).toEqual(['b1', 'a1', 'a2', 'b2', 'a3']);
  });

  it('must admit an id that holds a permit at once', async () => {
    const semaphore = new FairSemaphore(1);
    await semaphore.acquire('a1', 'a', never);
    expect([semaphore.wouldBlock('a1'), semaphore.wouldBlock('b1')]).toEqual([false, true]);
    await semaphore.acquire('a1', 'a', never);
  });

  it('must reject only the waiter that is cancelled', async () => {
    const semaphore = new FairSemaphore(1);
    await semaphore.acquire('a1', 'a', never);
    const cancel = new AbortController();
    const cancelled = semaphore.acquire('b1', 'b', cancel.signal);
    const next = semaphore.acquire('c1', 'c', never);
    cancel.abort(new Error('cancelled'));
    await expect(cancelled).rejects.toThrow('cancelled');
    semaphore.release('a1');
    await next;
    expect(semaphore.wouldBlock('b1')).toBe(true);
  });
});
