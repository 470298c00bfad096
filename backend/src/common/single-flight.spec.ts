import { expect, it } from 'vitest';
import { SingleFlight } from './single-flight.js';

const never = new AbortController().signal;

/** Asks whose answers are given by hand: the number of the question. */
function asking() {
  const asks = new SingleFlight<number>();
  const pending: ((error?: Error) => void)[] = [];
  let questions = 0;
  const work = () =>
    new Promise<number>((resolve, reject) => {
      const number = ++questions;
      pending.push((error) => (error ? reject(error) : resolve(number)));
    });
  const answer = async (error?: Error) => {
    pending.shift()?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { ask: (key: string, signal = never) => asks.run(key, signal, work), answer, count: () => questions };
}

it('must give whoever comes later an answer that was asked for after he came, one for all of them', async () => {
  const { ask, answer, count } = asking();
  const [first, second, third] = [ask('a'), ask('a'), ask('a')];
  expect(count()).toBe(1);
  await answer();
  expect(await first).toBe(1);
  expect(count()).toBe(2);
  await answer();
  expect(await Promise.all([second, third])).toEqual([2, 2]);
  const fourth = ask('a');
  await answer();
  expect(await fourth).toBe(3);
});

it('must keep what is asked about something else apart, and a failure from the next', async () => {
  const { ask, answer, count } = asking();
  const [first, other, next] = [ask('a'), ask('b'), ask('a')];
  expect(count()).toBe(2);
  const failed = expect(first).rejects.toThrow('away');
  await answer(new Error('away'));
  await failed;
  await answer();
  expect(await other).toBe(2);
  await answer();
  expect(await next).toBe(3);
});

it('must let one go without the others', async () => {
  const { ask, answer } = asking();
  const controller = new AbortController();
  const [first, gone, stays] = [ask('a'), ask('a', controller.signal), ask('a')];
  controller.abort(new Error('cancelled'));
  await expect(gone).rejects.toThrow('cancelled');
  await answer();
  await answer();
  expect(await Promise.all([first, stays])).toEqual([1, 2]);
});
