import { describe, expect, it } from 'vitest';
import { isAddressIn, isAddressRange, isRangeWithin } from './address-ranges.js';

describe('a range of addresses', () => {
  it.each(['203.0.113.7', '203.0.113.0/24', '0.0.0.0/0', '2001:db8::', '2001:db8::/32', '::/0', '::1/128'])(
    'must be accepted: %s',
    (text) => expect(isAddressRange(text)).toBe(true),
  );

  it.each([
    ...['', '*', 'localhost', ' 1.2.3.4', '203.0.113', '203.0.113.0/33', '203.0.113.0/', '203.0.113.0/08'],
    ...['203.0.113.0/-1', '1.2.3.4/8/8', '::/129', '2001:db8::/1e1'],
    ...['fe80::1%eth0', '::ffff:203.0.113.7', '0:0:0:0:0:ffff:1.2.3.4/120'],
  ])('must be refused: %j', (text) => expect(isAddressRange(text)).toBe(false));
});

describe('an address', () => {
  it.each([
    ['203.0.113.9', ['203.0.113.0/24'], true],
    ['203.0.114.9', ['203.0.113.0/24'], false],
    ['203.0.113.9', ['198.51.100.1', '203.0.113.9'], true],
    ['::ffff:203.0.113.9', ['203.0.113.0/24'], true],
    ['203.0.113.9', ['::/0'], false],
    ['::ffff:203.0.113.9', ['::/0'], false],
    ['2001:db8::1', ['0.0.0.0/0'], false],
    ['2001:db8:1::1', ['2001:db8::/32'], true],
    ['fe80::1%eth0', ['fe80::/10'], true],
    ['not an address', ['0.0.0.0/0', '::/0'], false],
    [undefined, ['0.0.0.0/0', '::/0'], false],
  ])('%s must be compared with %j', (ip, ranges, isIn) => expect(isAddressIn(ranges, ip)).toBe(isIn));
});

describe('a range within others', () => {
  it.each([
    ['203.0.113.0/25', ['203.0.113.0/24'], true],
    ['203.0.113.7', ['203.0.113.0/24'], true],
    ['203.0.113.0/24', ['203.0.113.0/24'], true],
    ['203.0.112.0/23', ['203.0.113.0/24'], false],
    ['0.0.0.0/0', ['203.0.113.0/24'], false],
    ['203.0.113.0/24', ['203.0.113.7'], false],
    // Both halves hold its ends, and neither holds it.
    ['203.0.113.0/24', ['203.0.113.0/25', '203.0.113.128/25'], false],
    ['203.0.113.7', ['::/0'], false],
    ['2001:db8::/48', ['203.0.113.0/24', '2001:db8::/32'], true],
  ])('%s in %j', (range, outer, isWithin) => expect(isRangeWithin(range, outer)).toBe(isWithin));
});
