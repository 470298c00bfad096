import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ThrottlerGuard, type ThrottlerLimitDetail, type ThrottlerModuleOptions } from '@nestjs/throttler';
import type { AuthenticatedRequest } from '../../common/decorators/caller.js';
import { RATE_LIMIT, type RateLimitName } from '../../common/decorators/rate-limit.js';
import { Config } from '../../config/config.js';
import { tooManyRequests } from './too-many-requests.js';
import { WindowStorage } from './window-storage.js';

/** Runs after ApiKeyGuard: every request counts for its key, or for its address where there is no key; some routes have a second, tighter limit. */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  // Said aloud: the parent class declares other tokens for its first two parameters, and a class inherits them.
  constructor(@Inject(WindowStorage) storage: WindowStorage, @Inject(Reflector) reflector: Reflector, config: Config) {
    super(throttlers(reflector, config), storage, reflector);
  }

  protected override shouldSkip(context: ExecutionContext): Promise<boolean> {
    return Promise.resolve(context.getType() !== 'http');
  }

  protected override getTracker(request: AuthenticatedRequest): Promise<string> {
    return Promise.resolve(request.caller ? `key:${request.caller.keyId}` : `ip:${request.ip}`);
  }

  /** One count for all routes. */
  protected override generateKey(_context: ExecutionContext, tracker: string, name: string): string {
    return `${name}:${tracker}`;
  }

  /** The tighter limit is counted last, and its headers stay. */
  protected override setResponseHeader(
    response: { setHeader: (name: string, value: unknown) => void },
    name: string,
    value: unknown,
  ): void {
    response.setHeader(name.replace(/-(general|deploy|git-deploy|upload)$/, ''), value);
  }

  protected override throwThrottlingException(_context: ExecutionContext, detail: ThrottlerLimitDetail): Promise<void> {
    return Promise.reject(tooManyRequests(detail.limit, detail.ttl, detail.timeToBlockExpire));
  }
}

function throttlers(reflector: Reflector, { limits }: Config): ThrottlerModuleOptions {
  const nameOf = (context: ExecutionContext) =>
    reflector.getAllAndOverride<RateLimitName | undefined>(RATE_LIMIT, [context.getHandler(), context.getClass()]);
  const ttl = limits.windowMs;
  return [
    { name: 'general', ttl, limit: limits.general, skipIf: (context) => nameOf(context) === 'none' },
    { name: 'deploy', ttl, limit: limits.deploy, skipIf: (context) => nameOf(context) !== 'deploy' },
    { name: 'git-deploy', ttl, limit: limits.gitDeploy, skipIf: (context) => nameOf(context) !== 'git-deploy' },
    { name: 'upload', ttl, limit: limits.gitDeploy, skipIf: (context) => nameOf(context) !== 'upload' },
  ];
}
