import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '#src/common/time/clock.js';
import { Config } from '#src/config/config.js';
import { NonCriticalHealth } from '#src/core/health/non-critical-health.js';
import { MemoryWindows } from './memory-windows.js';
import { WindowStorage } from './window-storage.js';

/** Counts in this process, or in the Redis of REDIS_URL. */
@Module({
  providers: [{ provide: WindowStorage, inject: [Config, Clock, NonCriticalHealth], useFactory: storageOf }],
  exports: [WindowStorage],
})
export class WindowStorageModule implements OnApplicationShutdown {
  constructor(@Inject(WindowStorage) private readonly storage: WindowStorage & { close?: () => void }) {}

  onApplicationShutdown(): void {
    this.storage.close?.();
  }
}

async function storageOf({ data }: Config, clock: Clock, health: NonCriticalHealth): Promise<WindowStorage> {
  const memory = new MemoryWindows(clock);
  if (data.redisUrl === undefined) return memory;
  // The client is a sixth of all files that the API loads.
  const { RedisWindows } = await import('./redis-windows.js');
  const redis = new RedisWindows(data.redisUrl, memory).open();
  health.register('redis', () => redis.health());
  return redis;
}
