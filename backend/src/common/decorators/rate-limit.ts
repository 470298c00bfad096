import { SkipThrottle } from '@nestjs/throttler';

/** Limits that count the requests of some routes besides the general one. */
export const ROUTE_LIMITS = ['deploy', 'git-deploy', 'upload', 'upload-deploy', 'run'] as const;

/** `none` counts no limit at all. */
export type RateLimitName = (typeof ROUTE_LIMITS)[number] | 'general' | 'none';

export const RateLimit = (name: RateLimitName) =>
  SkipThrottle({
    general: name === 'none',
    ...Object.fromEntries(ROUTE_LIMITS.map((limit) => [limit, limit !== name])),
  });
