import { Injectable, type OnModuleInit } from '@nestjs/common';
import { JobSweep } from '#src/core/jobs/job-sweep.js';
import { Prisma } from '#src/generated/prisma/client.js';
import { DRAIN_PREFIX, RUN_PREFIX } from '#src/modules/deployments/domain/names.js';
import { IN_PROGRESS_STATUSES, LIVE_STATUSES } from '#src/modules/deployments/domain/transitions.js';
import { DeploymentJobs } from '#src/modules/deployments/jobs/deployment-jobs.js';
import { isToBeBuilt } from '#src/modules/deployments/pipeline/steps/deploy-step.js';
import { DeploymentStatesRepository } from '#src/modules/deployments/repositories/deployment-states.repository.js';

const IN_PROGRESS = Prisma.sql`ANY(${IN_PROGRESS_STATUSES}::"DeploymentStatus"[])`;
const LIVE = Prisma.sql`ANY(${LIVE_STATUSES}::"DeploymentStatus"[])`;

/** Declares which deployments need a job. */
@Injectable()
export class NeededDeploymentJobs implements OnModuleInit {
  constructor(
    private readonly sweep: JobSweep,
    private readonly states: DeploymentStatesRepository,
    private readonly jobs: DeploymentJobs,
  ) {}

  onModuleInit(): void {
    const { db } = this.states;
    // In progress: the job also enforces the deadline.
    this.sweep.register('deployment.run', {
      rows: Prisma.sql`SELECT id, ARRAY[${RUN_PREFIX} || id] AS keys FROM "Deployment" WHERE status = ${IN_PROGRESS}`,
      add: async (id) => {
        const row = await this.states.byId(id);
        await this.jobs.run(db, { ...row, isBuilt: isToBeBuilt(row) }, 0);
      },
    });
    // RUNNING, and a step is not finished (the drain) or a rollback is not.
    this.sweep.register('deployment.drain', {
      rows: Prisma.sql`
        SELECT id, ARRAY[${RUN_PREFIX} || id, ${DRAIN_PREFIX} || id] AS keys FROM "Deployment" d
        WHERE status = 'RUNNING' AND ("errorCode" IS NOT NULL OR EXISTS (
          SELECT 1 FROM "DeploymentStep" s WHERE s."deploymentId" = d.id AND s."endedAt" IS NULL))`,
      add: async (id) => this.jobs.drain(db, await this.states.byId(id), new Date()),
    });
    this.sweep.register('deployment.remove', {
      rows: Prisma.sql`
        SELECT id, ARRAY['remove/' || id] AS keys FROM "Deployment"
        WHERE status = ${LIVE} AND "deleteRequestedAt" IS NOT NULL`,
      add: async (id) => this.jobs.addRemoval(db, id, (await this.states.byId(id)).deleteVolumes),
    });
    this.sweep.register('deployment.expire', {
      rows: Prisma.sql`
        SELECT id, ARRAY['expire/' || id] AS keys FROM "Deployment"
        WHERE status = ${LIVE} AND "deleteRequestedAt" IS NULL AND "expiresAt" IS NOT NULL`,
      add: async (id) => this.jobs.expire(db, id, (await this.states.byId(id)).expiresAt),
    });
  }
}
