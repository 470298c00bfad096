import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { EnvironmentsModule } from '../environments/environments.module.js';
import { DeploymentLogsService } from './deployment-logs.service.js';
import { DeploymentStreamsController } from './deployment-streams.controller.js';
import { DeploymentStreamsService } from './deployment-streams.service.js';
import { DeploymentRequests } from './deployment-requests.js';
import { DeploymentsController } from './deployments.controller.js';
import { DeploymentsRepository } from './deployments.repository.js';
import { DeploymentsService } from './deployments.service.js';
import { EnvironmentDetailsController } from './environment-details.controller.js';
import { CancelSignals } from './pipeline/cancel-signals.js';
import { DEPLOY_STEP_CLASSES, DeploySteps } from './pipeline/deploy-steps.js';
import { PipelineRepository } from './pipeline/pipeline.repository.js';
import { PipelineRunner } from './pipeline/pipeline-runner.js';
import { StartGate } from './pipeline/start-gate.js';
import { Probe } from './pipeline/probe.js';
import { RunningServices } from './pipeline/running-services.js';
import { ContainerEvents } from './reconcile/container-events.js';
import { ContainerTruth } from './reconcile/container-truth.js';
import { PolledDeployments } from './streams/polled-deployments.js';
import { Removal } from './removal.js';
import { DeploymentChanges } from './streams/deployment-changes.js';
import { DeploymentEvents } from './streams/deployment-events.js';
import { DeploymentLogs } from './streams/deployment-logs.js';

@Module({
  imports: [AuthModule, EnvironmentsModule],
  controllers: [EnvironmentDetailsController, DeploymentStreamsController, DeploymentsController],
  providers: [
    DeploymentsRepository,
    DeploymentsService,
    DeploymentRequests,
    DeploymentLogsService,
    DeploymentLogs,
    DeploymentStreamsService,
    DeploymentChanges,
    DeploymentEvents,
    PolledDeployments,
    ...DEPLOY_STEP_CLASSES,
    DeploySteps,
    PipelineRepository,
    PipelineRunner,
    StartGate,
    CancelSignals,
    Probe,
    RunningServices,
    ContainerEvents,
    ContainerTruth,
    Removal,
  ],
})
export class DeploymentsModule {}
