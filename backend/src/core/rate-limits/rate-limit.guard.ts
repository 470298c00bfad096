import { type ExecutionContext, Injectable } from '@nestjs/common';
import { ThrottlerGuard, type ThrottlerLimitDetail } from '@nestjs/throttler';
import { ROUTE_LIMITS } from '#src/common/decorators/rate-limit.js';
import { tooManyRequests } from './too-many-requests.js';

const THROTTLER = new RegExp(`-(general|${ROUTE_LIMITS.join('|')})$`);

/** Enforces the rate limits. Runs after ApiKeyGuard, because requests are counted by user. */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  /** Skips updates of the Telegram bot, which pass through global guards as well. */
  protected override shouldSkip(context: ExecutionContext): Promise<boolean> {
    return Promise.resolve(context.getType() !== 'http');
  }

  /** Removes the throttler's name from the header: the stricter limit is counted last, so that its values remain. */
  protected override setResponseHeader(
    response: { setHeader: (name: string, value: unknown) => void },
    name: string,
    value: unknown,
  ): void {
    response.setHeader(name.replace(THROTTLER, ''), value);
  }

  protected override throwThrottlingException(_context: ExecutionContext, detail: ThrottlerLimitDetail): Promise<void> {
    return Promise.reject(tooManyRequests(detail.limit, detail.ttl, detail.timeToBlockExpire));
  }
}
