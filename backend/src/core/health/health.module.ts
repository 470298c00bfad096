import { Global, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { IntegrationsModule } from '#src/integrations/integrations.module.js';
import { HealthChecks } from './health-checks.js';
import { NonCriticalHealth } from './non-critical-health.js';
import { HealthController } from './health.controller.js';
import { RequestsInProgress } from './requests-in-progress.js';

@Global()
@Module({
  imports: [IntegrationsModule, TerminusModule.forRoot({ logger: false })],
  controllers: [HealthController],
  providers: [HealthChecks, NonCriticalHealth, RequestsInProgress],
  exports: [HealthChecks, NonCriticalHealth],
})
export class HealthModule {}
