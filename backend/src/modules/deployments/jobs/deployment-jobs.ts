import { Injectable } from '@nestjs/common';
import { Clock } from '#src/common/time/clock.js';
import { expiryWarningAt } from '#src/common/time/ttl.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { JobQueue } from '#src/core/jobs/job-queue.js';
import { DeploymentsRepository } from '#src/modules/deployments/repositories/deployments.repository.js';
import { laneOf, runKey } from '#src/modules/deployments/domain/names.js';

interface Runnable {
  id: string;
  environmentId: string;
  /** from a repository or an upload */
  isBuilt: boolean;
}

/** The jobs of a deployment's life, each added in the transaction that makes it necessary. */
@Injectable()
export class DeploymentJobs {
  constructor(
    private readonly jobs: JobQueue,
    private readonly deployments: DeploymentsRepository,
    private readonly clock: Clock,
  ) {}

  /**
   * Brings it to its end, in the lane of its name (without a `name` nothing has to be waited for) and within its user's share. `behind` so many of
   * the user's own it stands: who has many waits for who has few.
   */
  async run(
    db: Db,
    { id, environmentId, isBuilt }: Runnable,
    { name, userId, behind }: { name: string | undefined; userId: string; behind: number },
  ): Promise<void> {
    const lane = name === undefined ? undefined : laneOf(environmentId, name);
    await this.jobs.add(
      db,
      isBuilt ? 'deployment.build-and-run' : 'deployment.run',
      { deploymentId: id },
      { key: runKey(id), lane, priority: behind, share: `user/${userId}` },
    );
  }

  /** Nothing brings it back from then on. */
  async remove(db: Db, id: string, deleteVolumes: boolean): Promise<void> {
    await this.deployments.wantGone(db, id);
    await this.jobs.add(db, 'deployment.remove', { deploymentId: id, deleteVolumes }, { key: `remove/${id}` });
  }

  /** Announces its end in time. The end may be put off: what counts is in the row. */
  async expire(db: Db, id: string, expiresAt: Date | null): Promise<void> {
    if (expiresAt !== null) await this.lookAtLife(db, id, expiryWarningAt(this.clock.now(), expiresAt));
  }

  async lookAtLife(db: Db, id: string, runAt: Date): Promise<void> {
    await this.jobs.add(db, 'deployment.expire', { deploymentId: id }, { key: `expire/${id}`, runAt });
  }

  /** The owner hears of it from the bot. */
  async announce(db: Db, environmentId: string, deploymentId: string): Promise<void> {
    await this.jobs.add(db, 'telegram.expiring', { environmentId, deploymentId });
  }
}
