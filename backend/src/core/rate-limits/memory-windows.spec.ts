import { expect, it } from 'vitest';
import { MemoryWindows } from './memory-windows.js';

const MINUTE_MS = 60_000;
let elapsedMs = 0;
let wallMs = 1_700_000_000_000;
const windows = () => new MemoryWindows({ now: () => new Date(wallMs), monotonicMs: () => elapsedMs });

it('must count within a window, and take a hit back', async () => {
  const storage = windows();
  await storage.increment('user', MINUTE_MS, 2);
  expect(await storage.increment('user', MINUTE_MS, 2)).toMatchObject({ totalHits: 2, isBlocked: false });
  expect(await storage.increment('user', MINUTE_MS, 2)).toMatchObject({ isBlocked: true, timeToBlockExpire: 60 });
  await storage.takeBack('user');
  expect(await storage.peek('user', 2)).toMatchObject({ totalHits: 3 });
});

it('a clock that is set back an hour must not extend a window', async () => {
  const storage = windows();
  await storage.increment('user', MINUTE_MS, 1);
  wallMs -= 3_600_000;
  expect(await storage.increment('user', MINUTE_MS, 1)).toMatchObject({ isBlocked: true, timeToBlockExpire: 60 });
  elapsedMs += MINUTE_MS;
  expect(await storage.increment('user', MINUTE_MS, 1)).toMatchObject({ totalHits: 1, isBlocked: false });
});

it('must never say more seconds than the window has', async () => {
  elapsedMs = 13_933.627592161902; // with this one, adding and subtracting a minute gives more than a minute
  expect(elapsedMs + MINUTE_MS - elapsedMs).toBeGreaterThan(MINUTE_MS);
  expect(await windows().increment('user', MINUTE_MS, 1)).toMatchObject({ timeToExpire: 60 });
});
