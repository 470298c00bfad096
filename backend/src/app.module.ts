import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { LoggerModule } from 'nestjs-pino';
import { ProblemFilter } from './common/filters/problem.filter.js';
import { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { CoreModule } from './core/core.module.js';
import { DatabaseModule } from './core/database/database.module.js';
import { HealthModule } from './core/health/health.module.js';
import { RateLimitsModule } from './core/rate-limits/rate-limits.module.js';
import { loggerOptions } from './core/logging/logger-options.js';
import { AuthModule } from './modules/auth/auth.module.js';
import { DeploymentsModule } from './modules/deployments/deployments.module.js';
import { EnvironmentsModule } from './modules/environments/environments.module.js';
import { MetricsModule } from './core/metrics/metrics.module.js';
import { HooksModule } from './modules/hooks/hooks.module.js';
import { IngressModule } from './modules/ingress/ingress.module.js';
import { RegistryModule } from './modules/registry/registry.module.js';
import { RunsModule } from './modules/runs/runs.module.js';
import { UploadsModule } from './modules/uploads/uploads.module.js';
import { PlatformModule } from './modules/platform/platform.module.js';

/** Root module of the API. */
@Module({ providers: [{ provide: APP_FILTER, useClass: ProblemFilter }] })
export class AppModule {
  /** `more` holds the modules that are loaded only when they are configured. */
  static with(config: Config, more: Type[] = []): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.with(config),
        LoggerModule.forRoot(loggerOptions(config)),
        ScheduleModule.forRoot(),
        CoreModule,
        DatabaseModule,
        HealthModule,
        AuthModule,
        RateLimitsModule,
        EnvironmentsModule,
        IngressModule,
        RegistryModule,
        UploadsModule,
        DeploymentsModule,
        RunsModule,
        HooksModule,
        MetricsModule,
        PlatformModule,
        ...more,
      ],
    };
  }
}
