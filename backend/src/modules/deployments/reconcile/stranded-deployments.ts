import { Injectable, Logger, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { PrismaService } from '../../../core/database/prisma.service.js';
import { DeploymentJobs } from '../deployment-jobs.js';
import { DeploymentsRepository } from '../deployments.repository.js';
import { isToBeBuilt } from '../pipeline/deploy-step.js';

const EVERY_MS = 30_000;
/** Between a row and the look at its job, time passes. */
const AT_LEAST_MS = 15_000;

/**
 * A deployment in progress always has a job that goes on with it, and that job keeps its deadline. Should one have lost it (given up by the queue
 * after many failures, or removed by hand), it gets another: nothing is in progress for ever.
 */
@Injectable()
export class StrandedDeployments implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly logger = new Logger(StrandedDeployments.name);
  private first: NodeJS.Timeout | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly prisma: PrismaService,
    private readonly deployments: DeploymentsRepository,
    private readonly jobs: DeploymentJobs,
  ) {}

  onApplicationBootstrap(): void {
    const look = () => void this.look().catch((error: unknown) => this.logger.debug(`no look: ${String(error)}`));
    this.first = setTimeout(look, AT_LEAST_MS).unref();
    this.timer = setInterval(look, EVERY_MS).unref();
  }

  onModuleDestroy(): void {
    clearTimeout(this.first);
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    for (const row of await this.deployments.withoutJob(new Date(Date.now() - AT_LEAST_MS))) {
      this.logger.warn(`deployment ${row.id} is ${row.status} and has no job: it gets one`);
      const { userId } = row.environment;
      await this.jobs.run(this.prisma, { ...row, isBuilt: isToBeBuilt(row) }, { name: row.name, userId, behind: 0 });
    }
  }
}
