import { expect, it } from 'vitest';
import { retryForever } from './retry-forever.js';

const failing = (failures: number) => {
  let runs = 0;
  return {
    work: () => (++runs > failures ? Promise.resolve() : Promise.reject(new Error(`failure ${runs}`))),
    runs: () => runs,
  };
};

it('must retry until the work succeeds, and report each failure', async () => {
  const { work, runs } = failing(12);
  const errors: unknown[] = [];
  await retryForever(work, {
    everyMs: 1,
    signal: new AbortController().signal,
    onError: (error) => errors.push(error),
  });
  expect(runs()).toBe(13);
  expect(errors).toHaveLength(12);
});

it('must end with its signal, without an error', async () => {
  const { work, runs } = failing(Infinity);
  const closing = new AbortController();
  await retryForever(work, { everyMs: 60_000, signal: closing.signal, onError: () => closing.abort(new Error('end')) });
  expect(runs()).toBe(1);
});
