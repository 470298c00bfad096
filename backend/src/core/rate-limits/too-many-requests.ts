import { DomainError } from '#src/common/errors/domain-error.js';

export function tooManyRequests(limit: number, windowMs: number, retryAfterSeconds: number, what = 'requests') {
  return new DomainError('RATE_LIMITED', {
    detail: `More than ${limit} ${what} in ${Math.round(windowMs / 1000)} seconds.`,
    hint: `Try again in ${retryAfterSeconds} seconds.`,
    retryAfterSeconds,
  });
}
