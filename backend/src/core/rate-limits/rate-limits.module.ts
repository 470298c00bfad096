import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Clock } from '../../common/time/clock.js';
import { Config } from '../../config/config.js';
import { OptionalHealth } from '../health/optional-health.js';
import { FailedAuthentications } from './failed-authentications.js';
import { MemoryWindows } from './memory-windows.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { WindowStorage } from './window-storage.js';

/** Imported after AuthModule: global guards run in the order of their modules, and the limit counts by key. */
@Global()
@Module({
  providers: [
    { provide: WindowStorage, inject: [Config, Clock, OptionalHealth], useFactory: storageOf },
    FailedAuthentications,
    { provide: APP_GUARD, useClass: RateLimitGuard },
  ],
  exports: [FailedAuthentications],
})
export class RateLimitsModule implements OnApplicationShutdown {
  constructor(@Inject(WindowStorage) private readonly storage: WindowStorage & { close?: () => void }) {}

  onApplicationShutdown(): void {
    this.storage.close?.();
  }
}

/** The client is loaded where there is a Redis. */
async function storageOf({ data }: Config, clock: Clock, health: OptionalHealth): Promise<WindowStorage> {
  const memory = new MemoryWindows(clock);
  if (data.redisUrl === undefined) return memory;
  const { RedisWindows } = await import('./redis-windows.js');
  const redis = new RedisWindows(data.redisUrl, memory).open();
  health.register('redis', () => redis.health());
  return redis;
}
