import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { DeploymentJobs } from '#src/modules/deployments/jobs/deployment-jobs.js';
import { DeploymentStatesRepository } from '#src/modules/deployments/repositories/deployment-states.repository.js';
import { isToBeBuilt } from '#src/modules/deployments/pipeline/steps/deploy-step.js';

const CHECK_INTERVAL_MS = 15_000;
/** A row exists for a moment before its job does. */
const MIN_AGE_MS = 15_000;

/**
 * Adds a new job for a deployment in progress whose job is lost: the queue stopped retrying it, or it was removed by
 * hand. So no deployment stays in progress for ever: the job enforces the deadline.
 */
@Injectable()
export class LostJobRecovery {
  private readonly logger = new Logger(LostJobRecovery.name);

  constructor(
    private readonly states: DeploymentStatesRepository,
    private readonly jobs: DeploymentJobs,
  ) {}

  @Interval(CHECK_INTERVAL_MS)
  async check(): Promise<void> {
    await this.requeue().catch((error: unknown) => this.logger.debug(`check for lost jobs failed: ${String(error)}`));
  }

  private async requeue(): Promise<void> {
    for (const row of await this.states.withoutJob(new Date(Date.now() - MIN_AGE_MS))) {
      this.logger.warn(`deployment ${row.id} is ${row.status} without a job: job created`);
      const { userId } = row.environment;
      await this.jobs.run(this.states.db, { ...row, isBuilt: isToBeBuilt(row) }, { name: row.name, userId, behind: 0 });
    }
  }
}
