import { invalidField } from '#src/common/errors/domain-error.js';

/** A chart of an hour or a day is this wide; a client that asks for a step gets more. */
const DEFAULT_POINTS = 240;
const MAX_POINTS = 1500;
const HOUR_MS = 3_600_000;
const KEPT_MS = 24 * HOUR_MS;
/** `since=24h` is older than a day when it arrives. */
const TOLERANCE_MS = 60_000;

/** Which samples are returned: from `since` on, one point per replica and step. Throws VALIDATION_FAILED. */
export interface MetricsRange {
  since: Date;
  stepSeconds: number;
}

/**
 * Completes the range of a request. A step is by default twice the interval of the samples or longer, because a sample
 * that comes late would leave a gap in shorter steps.
 */
export function metricsRange(
  query: { since?: Date | undefined; step?: number | undefined },
  { now, intervalMs }: { now: Date; intervalMs: number },
): MetricsRange {
  const since = query.since ?? new Date(now.getTime() - HOUR_MS);
  const seconds = (now.getTime() - since.getTime()) / 1000;
  if (seconds * 1000 > KEPT_MS + TOLERANCE_MS) throw invalidField('since', 'must be at most 24 hours ago');
  const stepSeconds = query.step ?? inQuarters(Math.max(seconds / DEFAULT_POINTS, (2 * intervalMs) / 1000));
  if (seconds / stepSeconds > MAX_POINTS)
    throw invalidField('step', `must be at least ${inQuarters(seconds / MAX_POINTS)} seconds for so long a time`);
  return { since: floored(since, stepSeconds * 1000), stepSeconds };
}

/** The next multiple of 15 seconds. */
function inQuarters(seconds: number): number {
  return Math.max(1, Math.ceil(seconds / 15)) * 15;
}

/** The step that the time is in, so that the first point is of a whole step. */
function floored(time: Date, stepMs: number): Date {
  return new Date(Math.floor(time.getTime() / stepMs) * stepMs);
}
