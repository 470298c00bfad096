import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { Clock } from '#src/common/time/clock.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { ApiKeysRepository } from './api-keys.repository.js';

/** The longest delay that setTimeout takes. */
const MAX_DELAY_MS = 2_147_483_647;

/** Ends streaming responses whose API key is revoked or expires. */
@Injectable()
export class KeyRevocationWatcher {
  constructor(
    private readonly notifications: PgNotifications,
    private readonly keys: ApiKeysRepository,
    private readonly clock: Clock,
  ) {}

  /** Returns a signal that aborts when the caller's key is revoked or expires; `end` stops watching. */
  watch({ keyId, expiresAt }: Caller): { signal: AbortSignal; end: () => void } {
    const controller = new AbortController();
    const revoke = () => controller.abort();
    const ttlMs = expiresAt && expiresAt.getTime() - this.clock.now().getTime();
    const timer = ttlMs === null || ttlMs > MAX_DELAY_MS ? undefined : setTimeout(revoke, Math.max(0, ttlMs)).unref();
    const unsubscribe = [
      this.notifications.on('key.revoked', (revoked) => revoked.keyId === keyId && revoke()),
      // The notification may have been lost while the connection was down.
      this.notifications.on(
        'reconnected',
        () => void this.isRevoked(keyId).then((revoked) => revoked && revoke(), revoke),
      ),
    ];
    return {
      signal: controller.signal,
      end: () => {
        clearTimeout(timer);
        for (const off of unsubscribe) off();
      },
    };
  }

  private async isRevoked(keyId: string): Promise<boolean> {
    return Boolean((await this.keys.byKeyId(keyId))?.revokedAt);
  }
}
