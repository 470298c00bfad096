import { describe, expect, it } from 'vitest';
import { FairPermits } from './fair-permits.js';

const never = new AbortController().signal;

function waitingFor(permits: FairPermits, ids: string[]) {
  const inside: string[] = [];
  for (const id of ids) void permits.acquire(id, id.charAt(0), never).then(() => inside.push(id));
  return inside;
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('fair permits', () => {
  it('must give each free permit to the owners in turn, however many ids one of them has', async () => {
    const permits = new FairPermits(1);
    const inside = waitingFor(permits, ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']);
    for (const id of ['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']) {
      await settle();
      expect(inside.at(-1)).toBe(id);
      permits.release(id);
      permits.release(id);
    }
  });

  it('must prefer the owner that holds the fewest permits', async () => {
    const permits = new FairPermits(3);
    const inside = waitingFor(permits, ['b1', 'a1', 'a2', 'a3', 'b2', 'b3']);
    permits.release('a1');
    await settle();
    permits.release('a2');
    await settle();
    expect(inside).toEqual(['b1', 'a1', 'a2', 'b2', 'a3']);
  });

  it('must admit an id that holds a permit at once', async () => {
    const permits = new FairPermits(1);
    await permits.acquire('a1', 'a', never);
    expect([permits.wouldBlock('a1'), permits.wouldBlock('b1')]).toEqual([false, true]);
    await permits.acquire('a1', 'a', never);
  });

  it('must reject only the waiter that is cancelled', async () => {
    const permits = new FairPermits(1);
    await permits.acquire('a1', 'a', never);
    const cancel = new AbortController();
    const cancelled = permits.acquire('b1', 'b', cancel.signal);
    const next = permits.acquire('c1', 'c', never);
    cancel.abort(new Error('cancelled'));
    await expect(cancelled).rejects.toThrow('cancelled');
    permits.release('a1');
    await next;
    expect(permits.wouldBlock('b1')).toBe(true);
  });
});
