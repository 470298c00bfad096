import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerLimitDetail } from '@nestjs/throttler';
import { tooManyRequests } from './too-many-requests.js';

/** Runs after ApiKeyGuard, because requests are counted by key. */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  /** Updates of the Telegram bot pass through global guards as well. */
  protected override shouldSkip(context: ExecutionContext): Promise<boolean> {
    return Promise.resolve(context.getType() !== 'http');
  }

  /** Without the throttler's name: the tighter limit is counted last, and its headers stay. */
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
