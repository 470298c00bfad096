import { expect, it } from 'vitest';
import { parseSince } from './since.js';

const NOW = Date.parse('2026-01-31T12:00:00.000Z');

it.each([
  ['90s', '2026-01-31T11:58:30.000Z'],
  ['15m', '2026-01-31T11:45:00.000Z'],
  ['1h', '2026-01-31T11:00:00.000Z'],
  ['2026-01-31T10:00:00+01:00', '2026-01-31T09:00:00.000Z'],
])('%s must be a time', (text, time) => {
  expect(parseSince(text, NOW)?.toISOString()).toBe(time);
});

it.each(['', '1', 'h', '1d', '-1h', '1.5h', '9999999s', 'yesterday', ['1h', '2h'], null])(
  '%j must be invalid or a time of the past, never a duration',
  (value) => {
    const time = parseSince(value, NOW)?.getTime() ?? 0;
    expect(Number.isNaN(time) || NOW - time > 86_400_000).toBe(true);
  },
);
