/** An order that was placed, whatever became of it. */
export interface PlacedOrder {
  orderedAt: Date;
  /** null: not known, as after a crash */
  isIssued: boolean | null;
  /** the server asked for it */
  notBefore: Date | null;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * Let's Encrypt's limits (https://letsencrypt.org/docs/rate-limits): of one name, 5 failed validations an hour and 5 certificates a week; of an
 * account, 300 orders in 3 hours. The waits stay well below the first, so that it is never met.
 */
const AFTER_FAILURES_MS = [5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS, DAY_MS];
const ISSUED = { most: 5, withinMs: 7 * DAY_MS };
const ACCOUNT = { most: 300, withinMs: 3 * HOUR_MS };
/** Orders whose end nobody knows: the process was ended. So many of them are no reason to wait. */
const CRASHES = 2;
/** How far back orders have to be remembered. */
export const MEMORY_MS = 8 * DAY_MS;

/** Where the ACME server was not asked at all, as it does not answer or the name does not lead here yet. */
const AFTER_NOTHING_MS = [MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS];

/** When the name may be ordered for; undefined: now. `orders` of the name and of the account, newest first. */
export function earliestOrder(orders: PlacedOrder[], accountOrders: Date[], now: Date): Date | undefined {
  const firstIssued = orders.findIndex(({ isIssued }) => isIssued === true);
  const since = firstIssued < 0 ? orders : orders.slice(0, firstIssued);
  const unknown = since.filter(({ isIssued }) => isIssued === null).length;
  const failures = since.length - Math.min(unknown, CRASHES);
  const lastFailure = failures > 0 ? orders[0]?.orderedAt : undefined;
  const issued = orders.filter(({ isIssued }) => isIssued === true).map(({ orderedAt }) => orderedAt);
  const times = [
    ...orders.map(({ notBefore }) => notBefore),
    lastFailure && after(lastFailure, waitAfter(AFTER_FAILURES_MS, failures)),
    oldestOf(issued, ISSUED),
    oldestOf(accountOrders, ACCOUNT),
  ];
  const latest = Math.max(...times.map((time) => time?.getTime() ?? 0));
  return latest > now.getTime() ? new Date(latest) : undefined;
}

/** The next look at a name that could not be ordered for. */
export function nextLook(failures: number, now: Date): Date {
  return after(now, waitAfter(AFTER_NOTHING_MS, failures));
}

/** A certificate is renewed after two thirds of its life, a little before or after, so that those of one day do not all come together. */
export function plannedRenewal({ notBefore, notAfter }: { notBefore: Date; notAfter: Date }, random: number): Date {
  const lifeMs = notAfter.getTime() - notBefore.getTime();
  return after(notBefore, lifeMs * (0.64 + 0.04 * random));
}

/** Somewhere in the window; RFC 9773, 4.2. */
export function withinWindow({ start, end }: { start: Date; end: Date }, random: number): Date {
  return after(start, (end.getTime() - start.getTime()) * random);
}

function waitAfter(waits: number[], failures: number): number {
  return waits[Math.min(Math.max(failures, 1), waits.length) - 1] ?? 0;
}

/** When the oldest of the last `most` leaves the time that the limit looks at; undefined while there are fewer. */
function oldestOf(newestFirst: Date[], { most, withinMs }: { most: number; withinMs: number }): Date | undefined {
  const oldest = newestFirst[most - 1];
  return oldest && after(oldest, withinMs);
}

function after(time: Date, ms: number): Date {
  return new Date(time.getTime() + ms);
}
