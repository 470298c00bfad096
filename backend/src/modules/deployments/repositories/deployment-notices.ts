import { Injectable } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import type { DeploymentStatus } from '#src/generated/prisma/client.js';

/**
 * Adds the job that notifies the owner of the outcome. It is committed with the status and cannot fail the deployment.
 */
@Injectable()
export class DeploymentNotices {
  constructor(
    private readonly jobs: JobQueue,
    private readonly config: Config,
  ) {}

  async add(db: Db, deploymentId: string, status: DeploymentStatus): Promise<void> {
    if (!this.config.telegram.isOn || (status !== 'RUNNING' && status !== 'FAILED')) return;
    await this.jobs.add(db, 'telegram.notify', { deploymentId, status });
  }
}
