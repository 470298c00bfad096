import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Clock } from '#src/common/time/clock.js';
import { Config } from '#src/config/config.js';
import { Audit } from '#src/core/audit/audit.js';
import { JobWorker } from '#src/core/jobs/job-worker.js';
import { DeploymentJobs } from './jobs/deployment-jobs.js';
import { DeploymentStatesRepository } from './repositories/deployment-states.repository.js';
import { PipelineRepository } from './repositories/pipeline.repository.js';
import { IN_PROGRESS_STATUSES } from './domain/transitions.js';

/** Removes deployments whose TTL has passed, after announcing the expiry. */
@Injectable()
export class DeploymentExpiry implements OnModuleInit {
  constructor(
    private readonly states: DeploymentStatesRepository,
    private readonly jobs: DeploymentJobs,
    private readonly pipeline: PipelineRepository,
    private readonly worker: JobWorker,
    private readonly audit: Audit,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  onModuleInit(): void {
    this.worker.register('deployment.expire', ({ deploymentId }) => this.checkExpiry(deploymentId));
  }

  private async checkExpiry(id: string): Promise<void> {
    const row = await this.states.live(id);
    if (!row?.expiresAt) return;
    const { expiresAt, environmentId, status } = row;
    await this.states.transaction(async (db) => {
      if (expiresAt > this.clock.now()) {
        await this.audit.byPlatform(db, 'deployment.expiring', id, { at: expiresAt.toISOString() });
        if (this.config.telegram.isOn) await this.jobs.announce(db, environmentId, id);
        await this.jobs.scheduleExpiry(db, id, expiresAt);
      } else {
        if (IN_PROGRESS_STATUSES.includes(status)) await this.pipeline.cancel(db, [id]);
        await this.jobs.remove(db, id, false);
        await this.audit.byPlatform(db, 'deployment.expired', id);
      }
    });
  }
}
