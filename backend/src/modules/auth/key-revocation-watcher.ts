import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { Clock } from '#src/common/time/clock.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import { ApiKeysRepository } from './api-keys.repository.js';

/** setTimeout counts in 32 bits. */
const MAX_DELAY_MS = 2_147_483_647;

/** For answers that stay open: a key that is revoked or expires ends them. */
@Injectable()
export class KeyRevocationWatcher {
  constructor(
    private readonly signals: PgNotifications,
    private readonly keys: ApiKeysRepository,
    private readonly clock: Clock,
  ) {}

  /** The signal aborts when the caller's key no longer works; `end` when nobody waits for that any more. */
  watch({ keyId, expiresAt }: Caller): { signal: AbortSignal; end: () => void } {
    const controller = new AbortController();
    const lose = () => controller.abort();
    const life = expiresAt && expiresAt.getTime() - this.clock.now().getTime();
    const timer = life === null || life > MAX_DELAY_MS ? undefined : setTimeout(lose, Math.max(0, life)).unref();
    const unsubscribe = [
      this.signals.on('key.revoked', (revoked) => revoked.keyId === keyId && lose()),
      // The signal may have been sent while nobody could hear it.
      this.signals.on('reconnected', () => void this.isRevoked(keyId).then((revoked) => revoked && lose(), lose)),
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
