import { expect, it } from 'vitest';
import { UserConcurrency } from './user-concurrency.js';

it('must limit the concurrency per flag, list the flags that are full, and not block others', async () => {
  const concurrency = new UserConcurrency(2);
  const order: string[] = [];
  const ends: (() => void)[] = [];
  const start = (flag: string, name: string) =>
    concurrency.run({ [flag]: true }, () => {
      order.push(name);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  const all = [start('a', 'a1'), start('a', 'a2'), start('a', 'a3'), start('b', 'b1')];
  await Promise.resolve();
  await Promise.resolve();
  expect(order).toEqual(['a1', 'a2', 'b1']);
  expect(concurrency.full()).toEqual(['a']);
  ends[0]?.();
  await all[0];
  await Promise.resolve();
  expect(order).toEqual(['a1', 'a2', 'b1', 'a3']);
  for (const end of ends) end();
  await Promise.all(all);
  expect(concurrency.full()).toEqual([]);
});
