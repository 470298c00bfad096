import { expect, it } from 'vitest';
import { SingleFlight } from './single-flight.js';

const never = new AbortController().signal;

/** Calls that the test resolves by hand with the number of the call. */
function manualCalls() {
  const flights = new SingleFlight<number>();
  const pending: ((error?: Error) => void)[] = [];
  let calls = 0;
  const work = () =>
    new Promise<number>((resolve, reject) => {
      const number = ++calls;
      pending.push((error) => (error ? reject(error) : resolve(number)));
    });
  const answer = async (error?: Error) => {
    pending.shift()?.(error);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { ask: (key: string, signal = never) => flights.run(key, signal, work), answer, count: () => calls };
}

it('must give later callers one common result of a call that started after they came', async () => {
  const { ask, answer, count } = manualCalls();
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

it('must separate keys, and not pass a failure to the next call', async () => {
  const { ask, answer, count } = manualCalls();
  const [first, other, next] = [ask('a'), ask('b'), ask('a')];
  expect(count()).toBe(2);
  const failed = expect(first).rejects.toThrow('unavailable');
  await answer(new Error('unavailable'));
  await failed;
  await answer();
  expect(await other).toBe(2);
  await answer();
  expect(await next).toBe(3);
});

it('must abort one caller without the others', async () => {
  const { ask, answer } = manualCalls();
  const controller = new AbortController();
  const [first, gone, stays] = [ask('a'), ask('a', controller.signal), ask('a')];
  controller.abort(new Error('cancelled'));
  await expect(gone).rejects.toThrow('cancelled');
  await answer();
  await answer();
  expect(await Promise.all([first, stays])).toEqual([1, 2]);
});
