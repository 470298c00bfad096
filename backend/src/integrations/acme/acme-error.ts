import { safeText } from '#src/common/safe-text.js';

export type AcmeErrorKind = 'unreachable' | 'rate-limited' | 'not-validated' | 'refused';

const MAX_MESSAGE = 1000;

/** Why no certificate was issued. The message is one sentence for its owner. */
export class AcmeError extends Error {
  constructor(
    readonly kind: AcmeErrorKind,
    message: string,
    readonly options: { retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(safeText(message, { maxLength: MAX_MESSAGE }), { cause: options.cause });
  }
}

/** Milliseconds of a Retry-After header with seconds or a date (RFC 9110, 10.2.3); undefined for any other value. */
export function retryAfterMs(header: unknown, now = Date.now()): number | undefined {
  if (typeof header !== 'string') return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
}
