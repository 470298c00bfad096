import type { ExecutionContext } from '@nestjs/common';
import type { ThrottlerModuleOptions } from '@nestjs/throttler';
import type { AuthenticatedRequest } from '#src/common/decorators/caller.js';
import type { Config } from '#src/config/config.js';
import { clientAddress } from './client-address.js';
import type { WindowStorage } from './window-storage.js';

/**
 * Counts per user, or per address without a key, across all routes; `@RateLimit` adds a second, stricter limit. It
 * counts dry runs on their own: a plan that is looked at first must not halve the deployments.
 */
export function throttlerOptions(storage: WindowStorage, { limits }: Config): ThrottlerModuleOptions {
  const ttl = limits.windowMs;
  return {
    storage,
    throttlers: [
      { name: 'general', ttl, limit: limits.general },
      { name: 'deploy', ttl, limit: limits.deploy },
      { name: 'git-deploy', ttl, limit: limits.gitDeploy },
      { name: 'upload', ttl, limit: limits.deploy },
      { name: 'upload-deploy', ttl, limit: limits.deploy },
      { name: 'run', ttl, limit: limits.run },
    ],
    getTracker: ({ caller, ip }: Partial<AuthenticatedRequest>) =>
      caller ? `user:${caller.userId}` : `ip:${clientAddress(ip)}`,
    generateKey: (context, tracker, name) =>
      name !== 'general' && isDryRun(context) ? `${name}:plan:${tracker}` : `${name}:${tracker}`,
  };
}

function isDryRun(context: ExecutionContext): boolean {
  return context.switchToHttp().getRequest<{ body?: { dryRun?: unknown } }>().body?.dryRun === true;
}
