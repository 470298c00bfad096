import { Injectable } from '@nestjs/common';
import { Clock } from '#src/common/time/clock.js';
import { expiryWarningAt } from '#src/common/time/ttl.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { DeploymentsRepository } from '#src/modules/deployments/repositories/deployments.repository.js';
import { DRAIN_PREFIX, queueNameOf, runKey } from '#src/modules/deployments/domain/names.js';

type Named = Pick<Deployment, 'id' | 'environmentId' | 'name'>;

/** Adds the jobs of a deployment, each in the transaction that makes it necessary. */
@Injectable()
export class DeploymentJobs {
  constructor(
    private readonly jobs: JobQueue,
    private readonly deployments: DeploymentsRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Runs the pipeline. Jobs of one name run one after the other, within the user's concurrency limit. `behind` is the
   * number of the user's own deployments in progress: it lowers the priority, so that users get workers in turn.
   */
  async run(db: Db, deployment: Named & { isBuilt: boolean }, behind: number): Promise<void> {
    const { id, isBuilt } = deployment;
    const name = isBuilt ? 'deployment.build-and-run' : 'deployment.run';
    const options = { key: runKey(id), priority: behind, ...(await this.inTurn(db, deployment)) };
    await this.jobs.add(db, name, { deploymentId: id }, options);
  }

  /** Continues the drain at `runAt`, in the queue of the name: never while another release of the name starts. */
  async drain(db: Db, deployment: Named, runAt: Date): Promise<void> {
    const { id } = deployment;
    const options = { key: `${DRAIN_PREFIX}${id}`, runAt, ...(await this.inTurn(db, deployment)) };
    await this.jobs.add(db, 'deployment.drain', { deploymentId: id }, options);
  }

  /** Reconciles the service with the row. A changed replica count also reaches the Engine this way. */
  async repair(db: Db, deployment: Named): Promise<void> {
    const { id } = deployment;
    const options = { key: `repair/${id}`, ...(await this.inTurn(db, deployment)) };
    await this.jobs.add(db, 'deployment.repair', { deploymentId: id }, options);
  }

  /** Removes the service of a stopped deployment; start creates it again. */
  async stop(db: Db, id: string): Promise<void> {
    await this.deployments.requestDeletion(db, id, undefined);
    await this.addRemoval(db, id, false);
  }

  /** As `stop`, for a deployment that is not started again. */
  async remove(db: Db, id: string, deleteVolumes: boolean): Promise<void> {
    await this.deployments.requestDeletion(db, id, { deleteVolumes });
    await this.addRemoval(db, id, deleteVolumes);
  }

  /** Adds only the job: the row says already that its service has to go. */
  async addRemoval(db: Db, id: string, deleteVolumes: boolean): Promise<void> {
    const concurrencyKey = await this.concurrencyKey(db, id);
    await this.jobs.add(
      db,
      'deployment.remove',
      { deploymentId: id, deleteVolumes },
      { key: `remove/${id}`, concurrencyKey },
    );
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

  /** One after the other per name, and within the concurrency limit of the user. */
  private async inTurn(db: Db, { id, environmentId, name }: Named) {
    return { queueName: queueNameOf(environmentId, name), concurrencyKey: await this.concurrencyKey(db, id) };
  }

  private async concurrencyKey(db: Db, id: string): Promise<string> {
    return `user/${await this.deployments.ownerOf(db, id)}`;
  }
}
