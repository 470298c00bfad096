import { expect, it } from 'vitest';
import { UserConcurrency } from './user-concurrency.js';

it('must limit the running jobs per flag, list the flags that are full, and hold no worker for a job beyond', async () => {
  const concurrency = new UserConcurrency(2);
  const order: string[] = [];
  const ends: (() => void)[] = [];
  const start = (flag: string, name: string) =>
    concurrency.tryRun({ [flag]: true }, () => {
      order.push(name);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  const running = [start('a', 'a1'), start('a', 'a2')];
  expect(await start('a', 'a3')).toBe(false);
  running.push(start('b', 'b1'));
  expect(order).toEqual(['a1', 'a2', 'b1']);
  expect(concurrency.full()).toEqual(['a']);
  ends[0]?.();
  expect(await running[0]).toBe(true);
  expect(concurrency.full()).toEqual([]);
  running.push(start('a', 'a4'));
  for (const end of ends) end();
  await Promise.all(running);
  expect(order).toEqual(['a1', 'a2', 'b1', 'a4']);
  expect(concurrency.full()).toEqual([]);
});

it('must free the place of a job that fails, and not limit jobs without a flag', async () => {
  const concurrency = new UserConcurrency(1);
  await expect(concurrency.tryRun({ a: true }, () => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
  expect(concurrency.full()).toEqual([]);
  expect(await concurrency.tryRun(null, () => Promise.resolve())).toBe(true);
});
