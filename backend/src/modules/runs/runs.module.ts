import { Module } from '@nestjs/common';
import { IntegrationsModule } from '#src/integrations/integrations.module.js';
import { DeploymentsModule } from '#src/modules/deployments/deployments.module.js';
import { EnvironmentsModule } from '#src/modules/environments/environments.module.js';
import { NeededRunJobs } from './needed-run-jobs.js';
import { NewRuns } from './new-runs.js';
import { NewRunsController } from './new-runs.controller.js';
import { RunCancelSignals } from './run-cancel-signals.js';
import { RunCreation } from './run-creation.js';
import { RunExecutor } from './run-executor.js';
import { RunJobs } from './run-jobs.js';
import { RunLogs } from './run-logs.js';
import { RunnableReleases } from './runnable-releases.js';
import { RunRemoval } from './run-removal.js';
import { RunStart } from './run-start.js';
import { RunStreamsService } from './run-streams.service.js';
import { RunTeardown } from './run-teardown.js';
import { RunWatch } from './run-watch.js';
import { RunsController } from './runs.controller.js';
import { RunsRepository } from './runs.repository.js';
import { RunsService } from './runs.service.js';

@Module({
  imports: [DeploymentsModule, EnvironmentsModule, IntegrationsModule],
  controllers: [NewRunsController, RunsController],
  providers: [
    RunsRepository,
    RunsService,
    RunStreamsService,
    RunCreation,
    RunnableReleases,
    NewRuns,
    RunJobs,
    RunExecutor,
    NeededRunJobs,
    RunStart,
    RunWatch,
    RunRemoval,
    RunCancelSignals,
    RunLogs,
    RunTeardown,
  ],
})
export class RunsModule {}
