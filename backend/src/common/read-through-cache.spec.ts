import { beforeEach, expect, it, vi } from 'vitest';
import { ReadThroughCache } from './read-through-cache.js';

let loads = 0;
const load = () => Promise.resolve(++loads);
const cache = (ttlMs = 60_000) => new ReadThroughCache<number>(ttlMs, 2);

beforeEach(() => {
  loads = 0;
});

it('must load a key once for concurrent readers, and reload it after its TTL', async () => {
  const values = cache(50);
  expect(await Promise.all([values.get('a', load), values.get('a', load), values.get('b', load)])).toEqual([1, 1, 2]);
  await vi.waitFor(async () => expect(await values.get('a', load)).toBe(3));
});

it('must not serve a load that started before a change to a later reader', async () => {
  const values = cache();
  const before = values.get('a', load);
  values.invalidate('a');
  expect(await values.get('a', load)).toBe(2);
  expect(await before).toBe(1);
});

it('must not cache failures, nor more entries than its maximum', async () => {
  const values = cache();
  await expect(values.get('a', () => Promise.reject(new Error('unavailable')))).rejects.toThrow('unavailable');
  expect(await values.get('a', load)).toBe(1);
  await Promise.all([values.get('b', load), values.get('c', load)]);
  expect(await values.get('a', load)).toBe(4);
});
