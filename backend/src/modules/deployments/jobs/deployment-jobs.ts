import { Injectable } from '@nestjs/common';
import { Clock } from '#src/common/time/clock.js';
import { expiryWarningAt } from '#src/common/time/ttl.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { DeploymentsRepository } from '#src/modules/deployments/repositories/deployments.repository.js';
import { queueNameOf, runKey } from '#src/modules/deployments/domain/names.js';

interface Runnable {
  id: string;
  environmentId: string;
  /** from a repository or an upload */
  isBuilt: boolean;
}

/** Adds the jobs of a deployment, each in the transaction that makes it necessary. */
@Injectable()
export class DeploymentJobs {
  constructor(
    private readonly jobs: JobQueue,
    private readonly deployments: DeploymentsRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs the pipeline. Jobs of one `name` run one after the other (without a `name` there is nothing to wait for),
   * within the user's concurrency limit. `behind` is the number of the user's own deployments in progress: it lowers
   * the priority, so that users with few deployments do not wait for users with many.
   */
  async run(
    db: Db,
    { id, environmentId, isBuilt }: Runnable,
    { name, userId, behind }: { name: string | undefined; userId: string; behind: number },
  ): Promise<void> {
    const queueName = name === undefined ? undefined : queueNameOf(environmentId, name);
    await this.jobs.add(
      db,
      isBuilt ? 'deployment.build-and-run' : 'deployment.run',
      { deploymentId: id },
      { key: runKey(id), queueName, priority: behind, concurrencyKey: `user/${userId}` },
    );
  }

  /** Reconciles the service with the row. A changed replica count also reaches the Engine this way. */
  async repair(db: Db, { id, environmentId, name }: Pick<Deployment, 'id' | 'environmentId' | 'name'>): Promise<void> {
    const queueName = queueNameOf(environmentId, name);
    await this.jobs.add(db, 'deployment.repair', { deploymentId: id }, { key: `repair/${id}`, queueName });
  }

  /** Also marks the row, so that the drift reconciler does not recreate the service. */
  async remove(db: Db, id: string, deleteVolumes: boolean): Promise<void> {
    await this.deployments.requestDeletion(db, id);
    await this.jobs.add(db, 'deployment.remove', { deploymentId: id, deleteVolumes }, { key: `remove/${id}` });
  }

  /** Schedules the expiry warning. The job reads `expiresAt` from the row, because it may be extended. */
  async expire(db: Db, id: string, expiresAt: Date | null): Promise<void> {
    if (expiresAt !== null) await this.scheduleExpiry(db, id, expiryWarningAt(this.clock.now(), expiresAt));
  }

  async scheduleExpiry(db: Db, id: string, runAt: Date): Promise<void> {
    await this.jobs.add(db, 'deployment.expire', { deploymentId: id }, { key: `expire/${id}`, runAt });
  }

  /** The bot sends the owner the expiry warning. */
  async announce(db: Db, environmentId: string, deploymentId: string): Promise<void> {
    await this.jobs.add(db, 'telegram.expiring', { environmentId, deploymentId });
  }
}
