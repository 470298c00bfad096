import { expect, it } from 'vitest';
import { UserConcurrency } from './user-concurrency.js';

it('must work on so many of one share at a time, say whose is used up, and not keep others waiting', async () => {
  const shares = new UserConcurrency(2);
  const order: string[] = [];
  const ends: (() => void)[] = [];
  const begin = (flag: string, name: string) =>
    shares.run({ [flag]: true }, () => {
      order.push(name);
      return new Promise<void>((resolve) => ends.push(resolve));
    });
  const all = [begin('a', 'a1'), begin('a', 'a2'), begin('a', 'a3'), begin('b', 'b1')];
  await Promise.resolve();
  await Promise.resolve();
  expect(order).toEqual(['a1', 'a2', 'b1']);
  expect(shares.full()).toEqual(['a']);
  ends[0]?.();
  await all[0];
  await Promise.resolve();
  expect(order).toEqual(['a1', 'a2', 'b1', 'a3']);
  for (const end of ends) end();
  await Promise.all(all);
  expect(shares.full()).toEqual([]);
});
