import { Module } from '@nestjs/common';
import { IntegrationsModule } from '#src/integrations/integrations.module.js';
import { EnvironmentCreation } from './environment-creation.js';
import { EnvironmentExpiry } from './environment-expiry.js';
import { EnvironmentNetwork } from './environment-network.js';
import { EnvironmentTeardown } from './environment-teardown.js';
import { EnvironmentsController } from './environments.controller.js';
import { EnvironmentsRepository } from './environments.repository.js';
import { EnvironmentsService } from './environments.service.js';
import { NeededEnvironmentJobs } from './needed-jobs.js';

@Module({
  imports: [IntegrationsModule],
  controllers: [EnvironmentsController],
  providers: [
    EnvironmentsRepository,
    EnvironmentsService,
    EnvironmentCreation,
    EnvironmentNetwork,
    EnvironmentTeardown,
    NeededEnvironmentJobs,
    EnvironmentExpiry,
  ],
  exports: [EnvironmentsRepository, EnvironmentsService, EnvironmentTeardown, EnvironmentNetwork],
})
export class EnvironmentsModule {}
