import { Module } from '@nestjs/common';
import { EnvironmentsModule } from '../environments/environments.module.js';
import { DeploymentLogsService } from './deployment-logs.service.js';
import { DeploymentRequests } from './deployment-requests.js';
import { DeploymentsController } from './deployments.controller.js';
import { DeploymentsRepository } from './deployments.repository.js';
import { DeploymentsService } from './deployments.service.js';
import { EnvironmentDetailsController } from './environment-details.controller.js';
import { CancelSignals } from './pipeline/cancel-signals.js';
import { DEPLOY_STEP_CLASSES, DeploySteps } from './pipeline/deploy-steps.js';
import { PipelineRepository } from './pipeline/pipeline.repository.js';
import { PipelineRunner } from './pipeline/pipeline-runner.js';
import { Probe } from './pipeline/probe.js';
import { RunningServices } from './pipeline/running-services.js';
import { ContainerEvents } from './reconcile/container-events.js';
import { ContainerTruth } from './reconcile/container-truth.js';
import { Removal } from './removal.js';
import { DeploymentLogs } from './streams/deployment-logs.js';

@Module({
  imports: [EnvironmentsModule],
  controllers: [EnvironmentDetailsController, DeploymentsController],
  providers: [
    DeploymentsRepository,
    DeploymentsService,
    DeploymentRequests,
    DeploymentLogsService,
    DeploymentLogs,
    ...DEPLOY_STEP_CLASSES,
    DeploySteps,
    PipelineRepository,
    PipelineRunner,
    CancelSignals,
    Probe,
    RunningServices,
    ContainerEvents,
    ContainerTruth,
    Removal,
  ],
})
export class DeploymentsModule {}
