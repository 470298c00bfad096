import { SetMetadata } from '@nestjs/common';

/** Which limits count a route's requests beside the general one; `none`: not even that. */
export type RateLimitName = 'general' | 'deploy' | 'git-deploy' | 'upload' | 'none';
export const RATE_LIMIT = 'berth:rate-limit';

export const RateLimit = (name: RateLimitName) => SetMetadata(RATE_LIMIT, name);
