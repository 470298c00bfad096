import type { ThrottlerModuleOptions } from '@nestjs/throttler';
import type { AuthenticatedRequest } from '#src/common/decorators/caller.js';
import type { Config } from '#src/config/config.js';
import type { WindowStorage } from './window-storage.js';

/** A key has one count for all routes, an address where there is no key; `@RateLimit` adds a second, tighter one. */
export function throttlerOptions(storage: WindowStorage, { limits }: Config): ThrottlerModuleOptions {
  const ttl = limits.windowMs;
  return {
    storage,
    throttlers: [
      { name: 'general', ttl, limit: limits.general },
      { name: 'deploy', ttl, limit: limits.deploy },
      { name: 'git-deploy', ttl, limit: limits.gitDeploy },
      { name: 'upload', ttl, limit: limits.gitDeploy },
    ],
    getTracker: ({ caller, ip }: Partial<AuthenticatedRequest>) => (caller ? `key:${caller.keyId}` : `ip:${ip}`),
    generateKey: (_context, tracker, name) => `${name}:${tracker}`,
  };
}
