import { describe, expect, it } from 'vitest';
import { metricsRange } from './metrics-range.js';

const now = new Date('2026-01-31T12:00:07.000Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
const rangeOf = (query: { since?: Date; step?: number }, intervalMs = 15_000) =>
  metricsRange(query, { now, intervalMs });

describe('the range of a chart', () => {
  it('must be the last hour by default, with two samples in every step', () => {
    expect(rangeOf({})).toEqual({ since: new Date('2026-01-31T11:00:00.000Z'), stepSeconds: 30 });
    expect(rangeOf({}, 60_000).stepSeconds).toBe(120);
    expect(rangeOf({}, 0).stepSeconds).toBe(15);
  });

  it('must have at most 240 points by default, in steps of a multiple of 15 s', () => {
    expect(rangeOf({ since: ago(86_400) }).stepSeconds).toBe(360);
    expect(rangeOf({ since: ago(10_000) }).stepSeconds).toBe(45);
  });

  it('must begin with the step that `since` is in', () => {
    expect(rangeOf({ since: ago(60), step: 15 })).toEqual({
      since: new Date('2026-01-31T11:59:00.000Z'),
      stepSeconds: 15,
    });
  });

  it('must name the field that asks for too much', () => {
    expect(() => rangeOf({ since: ago(90_000) })).toThrow('since must be at most 24 hours ago');
    expect(() => rangeOf({ since: ago(86_400), step: 15 })).toThrow('step must be at least 60 seconds');
    expect(rangeOf({ since: ago(86_401), step: 60 }).stepSeconds).toBe(60);
    expect(rangeOf({ since: ago(-60) }).stepSeconds).toBe(30);
  });
});
