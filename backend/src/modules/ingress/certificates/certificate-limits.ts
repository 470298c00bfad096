/** An order that was placed, with any outcome. */
export interface PlacedOrder {
  orderedAt: Date;
  /** null: unknown, as after a crash */
  isIssued: boolean | null;
  /** earliest time of the next order, as the server requested */
  notBefore: Date | null;
}

/** Orders, newest first: of the name, of its user (empty for the platform's own name), and of the whole account. */
export interface OrderHistory {
  own: PlacedOrder[];
  user: Date[];
  account: Date[];
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * Let's Encrypt's rate limits (https://letsencrypt.org/docs/rate-limits): per name 5 failed validations an hour and
 * 5 certificates a week, per account 300 orders in 3 hours. The backoff stays well below the first.
 */
const FAILURE_BACKOFF_MS = [5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS, DAY_MS];
const ISSUED_LIMIT = { max: 5, withinMs: 7 * DAY_MS };
const ACCOUNT_LIMIT = { max: 300, withinMs: 3 * HOUR_MS };
/** A limit of more orders than the account may place has no effect, so no more are read. */
export const MAX_ORDERS = ACCOUNT_LIMIT.max;
/** Orders with unknown outcome, because the process crashed. This many of them cause no backoff. */
const MAX_UNKNOWN = 2;
/** How long orders are retained: longer than every limit. */
export const ORDER_RETENTION_MS = 8 * DAY_MS;

/** Backoff when no order was placed: the front is unavailable, or the name does not point here yet. */
const CHECK_BACKOFF_MS = [MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS, 10 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS];

/** Returns when the next order may be placed; undefined: now. `maxPerUser` applies to the window of the account. */
export function earliestOrder(
  { own: orders, user, account }: OrderHistory,
  maxPerUser: number,
  now: Date,
): Date | undefined {
  const firstIssued = orders.findIndex(({ isIssued }) => isIssued === true);
  const since = firstIssued < 0 ? orders : orders.slice(0, firstIssued);
  const unknown = since.filter(({ isIssued }) => isIssued === null).length;
  const failures = since.length - Math.min(unknown, MAX_UNKNOWN);
  const lastFailure = failures > 0 ? orders[0]?.orderedAt : undefined;
  const issued = orders.filter(({ isIssued }) => isIssued === true).map(({ orderedAt }) => orderedAt);
  const times = [
    ...orders.map(({ notBefore }) => notBefore),
    lastFailure && after(lastFailure, backoffMs(FAILURE_BACKOFF_MS, failures)),
    limitEnd(issued, ISSUED_LIMIT),
    limitEnd(user, { ...ACCOUNT_LIMIT, max: maxPerUser }),
    limitEnd(account, ACCOUNT_LIMIT),
  ];
  const latest = Math.max(...times.map((time) => time?.getTime() ?? 0));
  return latest > now.getTime() ? new Date(latest) : undefined;
}

/** Returns when to retry a name that cannot be ordered yet. */
export function nextRetryAt(failures: number, now: Date): Date {
  return after(now, backoffMs(CHECK_BACKOFF_MS, failures));
}

/** Returns when to renew: after two thirds of the validity, with jitter, so certificates of one day are spread. */
export function plannedRenewal({ notBefore, notAfter }: { notBefore: Date; notAfter: Date }, random: number): Date {
  const validityMs = notAfter.getTime() - notBefore.getTime();
  return after(notBefore, validityMs * (0.64 + 0.04 * random));
}

/** Returns a random time in the window (RFC 9773, 4.2). */
export function withinWindow({ start, end }: { start: Date; end: Date }, random: number): Date {
  return after(start, (end.getTime() - start.getTime()) * random);
}

function backoffMs(steps: number[], failures: number): number {
  return steps[Math.min(Math.max(failures, 1), steps.length) - 1] ?? 0;
}

/** Returns when the oldest of the last `max` orders leaves the limit's window; undefined while there are fewer. */
function limitEnd(newestFirst: Date[], { max, withinMs }: { max: number; withinMs: number }): Date | undefined {
  const oldest = newestFirst[max - 1];
  return oldest && after(oldest, withinMs);
}

function after(time: Date, ms: number): Date {
  return new Date(time.getTime() + ms);
}
