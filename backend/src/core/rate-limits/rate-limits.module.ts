import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { FailedAuthentications } from './failed-authentications.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { WindowStorage } from './window-storage.js';

/** Imported after AuthModule: global guards run in the order of their modules, and the limit counts by key. */
@Global()
@Module({
  providers: [WindowStorage, FailedAuthentications, { provide: APP_GUARD, useClass: RateLimitGuard }],
  exports: [FailedAuthentications],
})
export class RateLimitsModule {}
