import { Injectable, Logger } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { DeploymentJobs } from '#src/modules/deployments/jobs/deployment-jobs.js';
import { DeploymentsRepository } from '#src/modules/deployments/repositories/deployments.repository.js';
import { isToBeBuilt } from '#src/modules/deployments/pipeline/steps/deploy-step.js';

const CHECK_INTERVAL_MS = 15_000;
/** A row exists for a moment before its job does. */
const MIN_AGE_MS = 15_000;

/**
 * A deployment in progress always has a job that goes on with it, and that job keeps its deadline. Should one have lost it (given up by the queue
 * after many failures, or removed by hand), it gets another: nothing is in progress for ever.
 */
@Injectable()
export class LostJobRecovery {
  private readonly logger = new Logger(LostJobRecovery.name);

  constructor(
    private readonly prisma: PrismaService,
    private readonly deployments: DeploymentsRepository,
    private readonly jobs: DeploymentJobs,
  ) {}

  @Interval(CHECK_INTERVAL_MS)
  async check(): Promise<void> {
    await this.requeue().catch((error: unknown) => this.logger.debug(`check for lost jobs failed: ${String(error)}`));
  }

  private async requeue(): Promise<void> {
    for (const row of await this.deployments.withoutJob(new Date(Date.now() - MIN_AGE_MS))) {
      this.logger.warn(`deployment ${row.id} is ${row.status} and has no job: it gets one`);
      const { userId } = row.environment;
      await this.jobs.run(this.prisma, { ...row, isBuilt: isToBeBuilt(row) }, { name: row.name, userId, behind: 0 });
    }
  }
}
