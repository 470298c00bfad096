import { Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { Config } from '#src/config/config.js';
import { FailedAuthentications } from './failed-authentications.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { throttlerOptions } from './throttler-options.js';
import { WindowStorageModule } from './window-storage.module.js';
import { WindowStorage } from './window-storage.js';

/** Import it after AuthModule: global guards run in the order of their modules, and the limit counts by user. */
@Global()
@Module({
  imports: [
    WindowStorageModule,
    ThrottlerModule.forRootAsync({
      imports: [WindowStorageModule],
      inject: [WindowStorage, Config],
      useFactory: throttlerOptions,
    }),
  ],
  providers: [FailedAuthentications, { provide: APP_GUARD, useClass: RateLimitGuard }],
  exports: [FailedAuthentications],
})
export class RateLimitsModule {}
