import { describe, expect, it } from 'vitest';
import { Semaphore } from './semaphore.js';

describe('a semaphore', () => {
  it('must limit concurrency in FIFO order, also after a failure', async () => {
    const semaphore = new Semaphore(2);
    let running = 0;
    let peak = 0;
    const order: number[] = [];
    const work = (index: number) =>
      semaphore.run(async () => {
        order.push(index);
        peak = Math.max(peak, ++running);
        await Promise.resolve();
        running -= 1;
        if (index === 1) throw new Error('failed');
      });
    const outcomes = await Promise.allSettled([0, 1, 2, 3, 4].map(work));
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(peak).toBe(2);
  });

  it('must fail the waiting tasks together with the first, after an error that concerns all of them', async () => {
    const semaphore = new Semaphore(1, (error) => (error as Error).message === 'unavailable');
    let runs = 0;
    const work = () =>
      semaphore.run(() => {
        runs += 1;
        return Promise.reject(new Error('unavailable'));
      });
    const outcomes = await Promise.allSettled([work(), work(), work()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(runs).toBe(1);
    await expect(semaphore.run(() => Promise.resolve('done'))).resolves.toBe('done');
  });
});
