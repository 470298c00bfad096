import { Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { IngressModule } from '../ingress/ingress.module.js';
import { RegistryModule } from '../registry/registry.module.js';
import { UploadsModule } from '../uploads/uploads.module.js';
import { EnvironmentsModule } from '../environments/environments.module.js';
import { BuildGate } from './build/build-gate.js';
import { BuildLog } from './build/build-log.js';
import { BuiltImages } from './build/built-images.js';
import { Checkouts } from './build/checkouts.js';
import { ImageBuilder } from './build/image-builder.js';
import { Sources } from './build/sources.js';
import { DeploymentLogsService } from './deployment-logs.service.js';
import { DeploymentStreamsController } from './deployment-streams.controller.js';
import { DeploymentStreamsService } from './deployment-streams.service.js';
import { DeploymentRequests } from './deployment-requests.js';
import { DeploymentExpiry } from './deployment-expiry.js';
import { DeploymentJobs } from './deployment-jobs.js';
import { DryRun } from './dry-run.js';
import { ImageLookup } from './pipeline/image-lookup.js';
import { Orphans } from './reconcile/orphans.js';
import { OrphansController } from './orphans.controller.js';
import { DeploymentsController } from './deployments.controller.js';
import { DeploymentsRepository } from './deployments.repository.js';
import { DeploymentsService } from './deployments.service.js';
import { EnvironmentDetailsController } from './environment-details.controller.js';
import { CancelSignals } from './pipeline/cancel-signals.js';
import { DEPLOY_STEP_PROVIDERS } from './pipeline/deploy-steps.js';
import { DeploymentNotices } from './state/deployment-notices.js';
import { PipelineRepository } from './pipeline/pipeline.repository.js';
import { PipelineRunner } from './pipeline/pipeline-runner.js';
import { Drain } from './pipeline/drain.js';
import { TaskFailures } from './pipeline/task-failures.js';
import { Placement } from './pipeline/placement.js';
import { ReleaseVolumes } from './pipeline/release-volumes.js';
import { RegistryCredentials } from './pipeline/registry-credentials.js';
import { RunningServices } from './pipeline/running-services.js';
import { ContainerEvents } from './reconcile/container-events.js';
import { ContainerTruth } from './reconcile/container-truth.js';
import { PolledDeployments } from './streams/polled-deployments.js';
import { StrandedDeployments } from './reconcile/stranded-deployments.js';
import { Repair } from './reconcile/repair.js';
import { PushReleases } from './push-releases.js';
import { UploadReleases } from './upload-releases.js';
import { ReleasesController } from './releases.controller.js';
import { ReleasesService } from './releases.service.js';
import { ServiceStart } from './pipeline/service-start.js';
import { Removal } from './removal.js';
import { DeploymentChanges } from './streams/deployment-changes.js';
import { DeploymentEvents } from './streams/deployment-events.js';
import { DeploymentLogs } from './streams/deployment-logs.js';

@Module({
  imports: [AuthModule, EnvironmentsModule, IngressModule, RegistryModule, UploadsModule],
  controllers: [
    EnvironmentDetailsController,
    DeploymentStreamsController,
    DeploymentsController,
    ReleasesController,
    OrphansController,
  ],
  providers: [
    DeploymentsRepository,
    DeploymentsService,
    ReleasesService,
    PushReleases,
    UploadReleases,
    DeploymentRequests,
    DryRun,
    DeploymentJobs,
    DeploymentExpiry,
    ImageLookup,
    Orphans,
    DeploymentLogsService,
    DeploymentLogs,
    DeploymentStreamsService,
    DeploymentChanges,
    DeploymentEvents,
    PolledDeployments,
    BuildGate,
    BuildLog,
    BuiltImages,
    Checkouts,
    ImageBuilder,
    Sources,
    ...DEPLOY_STEP_PROVIDERS,
    PipelineRepository,
    DeploymentNotices,
    PipelineRunner,
    Placement,
    ReleaseVolumes,
    Drain,
    TaskFailures,
    CancelSignals,
    RegistryCredentials,
    RunningServices,
    ServiceStart,
    Repair,
    StrandedDeployments,
    ContainerEvents,
    ContainerTruth,
    Removal,
  ],
  exports: [PushReleases],
})
export class DeploymentsModule {}
