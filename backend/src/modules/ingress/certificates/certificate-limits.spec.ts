import { describe, expect, it } from 'vitest';
import {
  earliestOrder as earliest,
  nextRetryAt,
  plannedRenewal,
  type PlacedOrder,
  withinWindow,
} from './certificate-limits.js';

const NOW = new Date('2026-11-24T12:00:00Z');
const MINUTE = 60_000;
const ago = (minutes: number) => new Date(NOW.getTime() - minutes * MINUTE);
const order = (minutesAgo: number, isIssued: boolean | null, notBefore: Date | null = null): PlacedOrder => ({
  orderedAt: ago(minutesAgo),
  isIssued,
  notBefore,
});

const earliestOrder = (own: PlacedOrder[], account: Date[], now: Date, user: Date[] = []) =>
  earliest({ own, user, account }, 3, now);

describe('orders of a name', () => {
  it('must be placed at once when there was none', () => {
    expect(earliestOrder([], [], NOW)).toBeUndefined();
  });

  it('must back off after every failure, and not after a crash', () => {
    expect(earliestOrder([order(0, false)], [], NOW)).toEqual(ago(-5));
    expect(earliestOrder([order(1, false), order(7, false)], [], NOW)).toEqual(ago(-14));
    expect(earliestOrder([order(0, null), order(1, null)], [], NOW)).toBeUndefined();
    expect(earliestOrder([order(0, null), order(1, null), order(2, null)], [], NOW)).toEqual(ago(-5));
    expect(earliestOrder([order(5, false)], [], NOW)).toBeUndefined();
    expect(
      earliestOrder(
        Array.from({ length: 20 }, (_, index) => order(index, false)),
        [],
        NOW,
      ),
    ).toEqual(ago(-24 * 60));
  });

  it('must reset the backoff after a certificate', () => {
    expect(earliestOrder([order(1, true), order(2, false), order(20, false)], [], NOW)).toBeUndefined();
  });

  it('must never fail five times an hour, nor issue five times a week', () => {
    const placed: PlacedOrder[] = [];
    for (let minute = 0; minute < 60; minute++) {
      const now = ago(-minute);
      if (!earliestOrder(placed, [], now)) placed.unshift({ orderedAt: now, isIssued: false, notBefore: null });
    }
    expect(placed.length).toBeLessThan(5);
    const issued = [1, 2, 3, 4, 5].map((minutes) => order(minutes, true));
    expect(earliestOrder(issued, [], NOW)).toEqual(new Date(ago(5).getTime() + 7 * 24 * 60 * MINUTE));
  });

  it('must wait as long as the server says, and for the account', () => {
    const later = ago(-90);
    expect(earliestOrder([order(6, false, later)], [], NOW)).toEqual(later);
    expect(
      earliestOrder(
        [],
        Array.from({ length: 300 }, () => ago(170)),
        NOW,
      ),
    ).toEqual(ago(-10));
    expect(
      earliestOrder(
        [],
        Array.from({ length: 299 }, () => ago(0)),
        NOW,
      ),
    ).toBeUndefined();
  });
});

describe('orders of a user', () => {
  it('must wait when the user has placed as many within the window of the account', () => {
    expect(earliestOrder([], [], NOW, [ago(1), ago(2), ago(170)])).toEqual(ago(-10));
    expect(earliestOrder([], [], NOW, [ago(1), ago(2), ago(181)])).toBeUndefined();
  });
});

describe('a renewal', () => {
  it('must be planned after two thirds of the validity, or in the window that the server gives', () => {
    const validity = { notBefore: NOW, notAfter: ago(-90 * 24 * 60) };
    expect(plannedRenewal(validity, 0).getTime() - NOW.getTime()).toBeCloseTo(0.64 * 90 * 24 * 60 * MINUTE, -2);
    expect(plannedRenewal(validity, 1).getTime() - NOW.getTime()).toBeCloseTo(0.68 * 90 * 24 * 60 * MINUTE, -2);
    expect(withinWindow({ start: ago(0), end: ago(-10) }, 0.5)).toEqual(ago(-5));
  });

  it('must be retried sooner when no order was placed', () => {
    expect(nextRetryAt(1, NOW)).toEqual(ago(-1));
    expect(nextRetryAt(100, NOW)).toEqual(ago(-60));
  });
});
