const UNIT_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000 };

/** Reads an RFC 3339 time or a duration before now (`90s`, `15m`, `1h`). Returns an invalid date for anything else. */
export function parseSince(value: unknown, now = Date.now()): Date | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string') return new Date(Number.NaN);
  const [, count, unit = ''] = /^(\d{1,6})([smh])$/.exec(value) ?? [];
  return count === undefined ? new Date(value) : new Date(now - Number(count) * (UNIT_MS[unit] ?? Number.NaN));
}
