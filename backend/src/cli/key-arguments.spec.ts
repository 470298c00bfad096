import { describe, expect, it } from 'vitest';
import { parseAddresses, parseExpiry, parseName, UsageError } from './key-arguments.js';

const NOW = new Date('2026-01-01T00:00:00Z');

describe('--expires-in', () => {
  it.each([
    ['30d', '2026-01-31T00:00:00.000Z'],
    ['12h', '2026-01-01T12:00:00.000Z'],
    ['90s', '2026-01-01T00:01:30.000Z'],
  ])('must understand %s', (text, until) => expect(parseExpiry(text, NOW)?.toISOString()).toBe(until));

  it.each(['', '0d', '-1d', '1y', 'd', '999999999d', '1.5h'])('must refuse %j', (text) => {
    expect(() => parseExpiry(text, NOW)).toThrow(UsageError);
  });

  it('must mean no end when it is missing', () => expect(parseExpiry(undefined, NOW)).toBeNull());
});

describe('--name and --allow', () => {
  it('must be optional', () => expect([parseName(undefined), parseAddresses()]).toEqual([null, []]));

  it('must be taken as they are', () => {
    expect(parseName('github actions')).toBe('github actions');
    expect(parseAddresses(['203.0.113.0/24', '::1'])).toEqual(['203.0.113.0/24', '::1']);
  });

  it('must be refused when they are wrong', () => {
    for (const name of ['', '-x', 'a\nb', 'x'.repeat(65)]) expect(() => parseName(name)).toThrow(UsageError);
    expect(() => parseAddresses(['203.0.113.0/24', 'home'])).toThrow(/--allow home/);
    expect(() => parseAddresses(Array<string>(51).fill('::1'))).toThrow(UsageError);
  });
});
