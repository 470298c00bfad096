import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { EventLoopDelay } from './event-loop-delay.js';

it('the delay of the event loop must be the longest since the last reading', async () => {
  const loop = new EventLoopDelay();
  await delay(30);
  const end = performance.now() + 150;
  while (performance.now() < end);
  await delay(30);
  const blocked = loop.read();
  expect(blocked.max).toBeGreaterThan(0.1);
  expect(blocked.p99).toBeLessThanOrEqual(blocked.max);
  await delay(30);
  expect(loop.read().max).toBeLessThan(0.1);
});
