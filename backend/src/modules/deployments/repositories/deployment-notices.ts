import { Injectable } from '@nestjs/common';
import { Config } from '#src/config/config.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import type { DeploymentStatus } from '#src/generated/prisma/client.js';

/** The owner is told how a deployment ended: by a job that is committed with the status, so that it cannot fail a deployment. */
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
