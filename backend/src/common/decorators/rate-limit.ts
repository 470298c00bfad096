import { SkipThrottle } from '@nestjs/throttler';

/** The limit that counts a route's requests besides the general one; `none` counts no limit at all. */
export type RateLimitName = 'general' | 'deploy' | 'git-deploy' | 'upload' | 'run' | 'none';

export const RateLimit = (name: RateLimitName) =>
  SkipThrottle({
    general: name === 'none',
    deploy: name !== 'deploy',
    'git-deploy': name !== 'git-deploy',
    upload: name !== 'upload',
    run: name !== 'run',
  });
