import { Module } from '@nestjs/common';
import { IntegrationsModule } from '#src/integrations/integrations.module.js';
import { AuthModule } from '#src/modules/auth/auth.module.js';
import { IngressModule } from '#src/modules/ingress/ingress.module.js';
import { PlatformServicesModule } from '#src/modules/platform-services/platform-services.module.js';
import { RegistryModule } from '#src/modules/registry/registry.module.js';
import { UploadsModule } from '#src/modules/uploads/uploads.module.js';
import { EnvironmentsModule } from '#src/modules/environments/environments.module.js';
import { BaseImages } from '#src/modules/builds/base-images.js';
import { BuildPlanner } from '#src/modules/builds/build-planner.js';
import { BuildLog } from '#src/modules/builds/build-log.js';
import { BuildLogRepository } from '#src/modules/builds/build-log.repository.js';
import { BuiltDeploymentsRepository } from '#src/modules/builds/built-deployments.repository.js';
import { BuiltImages } from '#src/modules/builds/built-images.js';
import { Checkouts } from '#src/modules/builds/checkouts.js';
import { ImageBuilder } from '#src/modules/builds/image-builder.js';
import { Planning } from '#src/modules/builds/planning.js';
import { Sources } from '#src/modules/builds/sources.js';
import { DeploymentLogsService } from './streams/deployment-logs.service.js';
import { DeploymentStreamsController } from './api/deployment-streams.controller.js';
import { DeploymentStreamsService } from './streams/deployment-streams.service.js';
import { DeploymentFactory } from './deployment-factory.js';
import { DeploymentExpiry } from './deployment-expiry.js';
import { DeploymentJobs } from './jobs/deployment-jobs.js';
import { Admission } from './admission.js';
import { NewReleases } from './new-releases.js';
import { ReleaseCreation } from './release-creation.js';
import { NamedReleases } from './changes/named-releases.service.js';
import { PromotionsService } from './changes/promotions.service.js';
import { RedeploymentsService } from './changes/redeployments.service.js';
import { ReleaseChanges } from './changes/release-changes.js';
import { SourceLookup } from './source-lookup.js';
import { BuildPreview } from './build-preview.js';
import { DryRun } from './dry-run.js';
import { ImageLookup } from './pipeline/steps/image-lookup.js';
import { Orphans } from './reconcile/orphans.js';
import { OrphansController } from './api/orphans.controller.js';
import { DeploymentMetricsController } from './api/deployment-metrics.controller.js';
import { DeploymentsController } from './api/deployments.controller.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';
import { DeploymentsService } from './deployments.service.js';
import { EnvironmentDetailsController } from './api/environment-details.controller.js';
import { CancelSignals } from './pipeline/cancel-signals.js';
import { DEPLOY_STEP_PROVIDERS } from './pipeline/steps/deploy-steps.js';
import { ContainersRepository } from './repositories/containers.repository.js';
import { ContainerSamplesRepository } from './repositories/container-samples.repository.js';
import { DeploymentEventsRepository } from './repositories/deployment-events.repository.js';
import { DeploymentStatesRepository } from './repositories/deployment-states.repository.js';
import { RetainedLogsRepository } from './repositories/retained-logs.repository.js';
import { DeploymentNotices } from './repositories/deployment-notices.js';
import { PipelineRepository } from './repositories/pipeline.repository.js';
import { PipelineRunner } from './pipeline/pipeline-runner.js';
import { Drain } from './pipeline/steps/drain.js';
import { DrainSchedule } from './pipeline/drain-schedule.js';
import { PipelineContexts } from './pipeline/steps/pipeline-context.js';
import { PreviousReleases } from './pipeline/steps/previous-releases.js';
import { TaskFailures } from './swarm/task-failures.js';
import { Placement } from './swarm/placement.js';
import { HostPorts } from './swarm/host-ports.js';
import { FileContentsRepository } from './repositories/file-contents.repository.js';
import { FileContentsService } from './files/file-contents.service.js';
import { ReleaseFiles } from './swarm/release-files.js';
import { ReleaseVolumes } from './swarm/release-volumes.js';
import { VolumeOwners } from './swarm/volume-owners.js';
import { ExecFailures } from './swarm/exec-failures.js';
import { RegistryCredentials } from './swarm/registry-credentials.js';
import { RunningServices } from './swarm/running-services.js';
import { ContainerSampler } from './metrics/container-sampler.js';
import { DeploymentMetricsService } from './metrics/deployment-metrics.service.js';
import { ContainerEvents } from './swarm/container-events.js';
import { ContainerStatusSync } from './reconcile/container-status-sync.js';
import { DeploymentStatusCache } from './events/deployment-status-cache.js';
import { NeededDeploymentJobs } from './reconcile/needed-jobs.js';
import { ServiceRecreation } from './reconcile/service-recreation.js';
import { DriftRepair } from './reconcile/drift-repair.js';
import { LostImages } from './reconcile/lost-images.js';
import { DriftReconciler } from './reconcile/drift-reconciler.js';
import { PushReleases } from './push-releases.js';
import { UploadReleases } from './upload-releases.js';
import { NamedReleasesController } from './api/named-releases.controller.js';
import { RedeploymentsController } from './api/redeployments.controller.js';
import { ReleasesController } from './api/releases.controller.js';
import { ReleasesService } from './releases.service.js';
import { ServiceStart } from './swarm/service-start.js';
import { DeploymentTeardown } from './deployment-teardown.js';
import { Retention } from './retention.js';
import { RetentionRepository } from './repositories/retention.repository.js';
import { DeploymentChanges } from './events/deployment-changes.js';
import { DeploymentEvents } from './streams/deployment-events.js';
import { DeploymentLogs } from './logs/deployment-logs.js';
import { ServiceLogReader } from './logs/service-log-reader.js';
import { TaskLogs } from './logs/task-logs.js';
import { OpenRequests } from './streams/open-requests.js';
import { CommandServices } from './swarm/command-services.js';

@Module({
  imports: [
    AuthModule,
    EnvironmentsModule,
    IngressModule,
    IntegrationsModule,
    PlatformServicesModule,
    RegistryModule,
    UploadsModule,
  ],
  controllers: [
    EnvironmentDetailsController,
    DeploymentStreamsController,
    DeploymentMetricsController,
    DeploymentsController,
    RedeploymentsController,
    ReleasesController,
    NamedReleasesController,
    OrphansController,
  ],
  providers: [
    DeploymentsRepository,
    DeploymentStatesRepository,
    DeploymentEventsRepository,
    ContainersRepository,
    ContainerSamplesRepository,
    ContainerSampler,
    DeploymentMetricsService,
    RetainedLogsRepository,
    RetentionRepository,
    Retention,
    DeploymentsService,
    ReleasesService,
    PushReleases,
    UploadReleases,
    NewReleases,
    ReleaseCreation,
    ReleaseChanges,
    RedeploymentsService,
    PromotionsService,
    NamedReleases,
    DeploymentFactory,
    Admission,
    DryRun,
    SourceLookup,
    DeploymentJobs,
    DeploymentExpiry,
    ImageLookup,
    Orphans,
    DeploymentLogsService,
    DeploymentLogs,
    TaskLogs,
    ServiceLogReader,
    OpenRequests,
    DeploymentStreamsService,
    DeploymentChanges,
    DeploymentEvents,
    DeploymentStatusCache,
    BaseImages,
    BuildLog,
    BuildLogRepository,
    BuiltDeploymentsRepository,
    BuiltImages,
    Checkouts,
    ImageBuilder,
    BuildPlanner,
    BuildPreview,
    Planning,
    Sources,
    ...DEPLOY_STEP_PROVIDERS,
    PipelineRepository,
    DeploymentNotices,
    PipelineRunner,
    Placement,
    HostPorts,
    ReleaseVolumes,
    ReleaseFiles,
    FileContentsService,
    FileContentsRepository,
    VolumeOwners,
    ExecFailures,
    Drain,
    DrainSchedule,
    PipelineContexts,
    PreviousReleases,
    TaskFailures,
    CancelSignals,
    RegistryCredentials,
    RunningServices,
    ServiceStart,
    CommandServices,
    DriftReconciler,
    DriftRepair,
    LostImages,
    ServiceRecreation,
    NeededDeploymentJobs,
    ContainerEvents,
    ContainerStatusSync,
    DeploymentTeardown,
  ],
  exports: [
    PushReleases,
    // Of runs: the release, its service and logs, and the limits that runs share with deployments.
    Admission,
    DeploymentsRepository,
    DeploymentsService,
    NamedReleases,
    CommandServices,
    DeploymentChanges,
    OpenRequests,
    Placement,
    RegistryCredentials,
    ReleaseVolumes,
    ServiceLogReader,
  ],
})
export class DeploymentsModule {}
