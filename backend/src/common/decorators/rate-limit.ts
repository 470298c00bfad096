import { SkipThrottle } from '@nestjs/throttler';

/** Which limits count a route's requests beside the general one; `none`: not even that. */
export type RateLimitName = 'general' | 'deploy' | 'git-deploy' | 'upload' | 'none';

export const RateLimit = (name: RateLimitName) =>
  SkipThrottle({
    general: name === 'none',
    deploy: name !== 'deploy',
    'git-deploy': name !== 'git-deploy',
    upload: name !== 'upload',
  });
