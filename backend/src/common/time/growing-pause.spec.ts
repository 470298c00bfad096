import { expect, it } from 'vitest';
import { GrowingPause } from './growing-pause.js';

const at = (seconds: number) => seconds * 1000;

it('must double with each failure up to its limit, and reset after a success', () => {
  const pause = new GrowingPause({ firstMs: 5000, longestMs: 12_000 });
  expect(pause.isDue(at(0))).toBe(true);
  pause.failed(at(0));
  expect([pause.isDue(at(4)), pause.isDue(at(5))]).toEqual([false, true]);
  pause.failed(at(5));
  expect([pause.isDue(at(14)), pause.isDue(at(15))]).toEqual([false, true]);
  pause.failed(at(15));
  expect([pause.isDue(at(26)), pause.isDue(at(27))]).toEqual([false, true]);
  pause.succeeded();
  expect(pause.isDue(at(15))).toBe(true);
});

it('must stay at its limit after a thousand failures', () => {
  const pause = new GrowingPause({ firstMs: 5000, longestMs: 12_000 });
  for (let i = 0; i < 2000; i++) pause.failed(at(0));
  expect(pause.isDue(at(12))).toBe(true);
});
