import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { DomainError, invalidField } from '#src/common/errors/domain-error.js';
import { cut, type Page } from '#src/common/pagination.js';
import { Clock } from '#src/common/time/clock.js';
import { expiryOf } from '#src/common/time/ttl.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { Audit } from '#src/core/audit/audit.js';
import { Admission } from './admission.js';
import { DeploymentJobs } from './jobs/deployment-jobs.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import type { UpdateDeploymentDto } from './dto/releases.dto.js';
import { DeploymentsRepository, type DeploymentRow } from './repositories/deployments.repository.js';
import { PipelineRepository } from './repositories/pipeline.repository.js';
import { DeploymentStatusCache } from './events/deployment-status-cache.js';
import { columnsOf } from './domain/deployment-columns.js';
import { IN_PROGRESS_STATUSES, LIVE_STATUSES } from './domain/transitions.js';

/** Reads and changes deployments for users. It never waits for Docker: the work is a job, committed with the row. */
@Injectable()
export class DeploymentsService {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly environments: EnvironmentsService,
    private readonly jobs: DeploymentJobs,
    private readonly pipeline: PipelineRepository,
    private readonly polled: DeploymentStatusCache,
    private readonly admission: Admission,
    private readonly audit: Audit,
    private readonly clock: Clock,
  ) {}

  async get(caller: Caller, id: string): Promise<DeploymentRow> {
    return (await this.deployments.byId(caller, id)) ?? notFound(`Deployment ${id}`);
  }

  async getByJobId(caller: Caller, jobId: string): Promise<DeploymentRow> {
    return (await this.deployments.byJobId(caller, jobId)) ?? notFound(`Job ${jobId}`);
  }

  /** As `getByJobId`, for polling clients: served from the cache until a change. */
  async poll(caller: Caller, jobId: string): Promise<DeploymentRow> {
    return (await this.polled.find(caller, jobId)) ?? notFound(`Job ${jobId}`);
  }

  async listOfEnvironment(
    caller: Caller,
    environmentId: string,
    page: Page,
  ): Promise<{ items: DeploymentRow[]; nextCursor: string | null }> {
    const [environment, rows] = await Promise.all([
      this.environments.get(caller, environmentId),
      this.deployments.ofEnvironment(environmentId, page),
    ]);
    const { items, nextCursor } = cut(rows, page.limit);
    return { items: items.map((row) => ({ ...row, environment })), nextCursor };
  }

  /** Cancels a deployment in progress: it becomes FAILED with CANCELLED. The previous release is untouched. */
  async cancel(caller: Caller, jobId: string): Promise<DeploymentRow> {
    const deployment = await this.getByJobId(caller, jobId);
    if (!IN_PROGRESS_STATUSES.includes(deployment.status)) {
      throw new DomainError('DEPLOYMENT_NOT_CANCELLABLE', {
        detail: `The deployment is already ${deployment.status}.`,
        hint: 'DELETE /deployments/{id} removes a running deployment.',
      });
    }
    await this.deployments.transaction(async (db) => {
      await this.pipeline.cancel(db, [deployment.id]);
      await this.audit.byCaller(db, caller, 'deployment.cancelled', deployment.id);
    });
    return deployment;
  }

  /** Cancels the deployment if it is in progress, and adds the job that removes it. */
  async delete(caller: Caller, id: string, deleteVolumes: boolean): Promise<DeploymentRow> {
    const deployment = await this.get(caller, id);
    await this.deployments.transaction(async (db) => {
      if (IN_PROGRESS_STATUSES.includes(deployment.status)) await this.pipeline.cancel(db, [id]);
      await this.jobs.remove(db, id, deleteVolumes);
      await this.audit.byCaller(db, caller, 'deployment.deleted', id, { deleteVolumes });
    });
    return deployment;
  }

  /** Removes the service and its containers; the row and its logs are retained. */
  async stop(caller: Caller, id: string): Promise<DeploymentRow> {
    const row = await this.get(caller, id);
    if (row.status === 'STOPPED') return row;
    if (row.status !== 'RUNNING') {
      const hint = IN_PROGRESS_STATUSES.includes(row.status)
        ? `POST /deployments/job/${row.jobId}/cancel cancels it.`
        : 'It is not running.';
      throw wrongStatus(row, hint);
    }
    await this.deployments.transaction(async (db) => {
      await this.jobs.stop(db, id);
      await this.audit.byCaller(db, caller, 'deployment.stopped', id);
    });
    return row;
  }

  /** Changes both in one transaction. */
  async update(caller: Caller, id: string, { replicas, ttlSeconds }: UpdateDeploymentDto): Promise<DeploymentRow> {
    const row = await this.get(caller, id);
    if (replicas == null && ttlSeconds === undefined) throw invalidField('replicas', 'or ttlSeconds must be given');
    if (replicas != null) refuseScaling(row, replicas);
    if (!LIVE_STATUSES.includes(row.status)) throw wrongStatus(row, 'It is not running.');
    await this.deployments.transaction(async (db) => {
      if (replicas != null) await this.scale(db, caller, row, replicas);
      if (ttlSeconds !== undefined) await this.setTtl(db, caller, id, ttlSeconds);
    });
    return this.get(caller, id);
  }

  private async scale(db: Db, caller: Caller, row: DeploymentRow, replicas: number): Promise<void> {
    const { ports, resources } = columnsOf(row);
    await this.admission.checkUsage(db, row.environment, row.name, { ports, resources, replicas });
    if (!(await this.deployments.setReplicas(db, row.id, replicas))) throw wrongStatus(row, 'It has just ended.');
    await this.jobs.repair(db, row);
    await this.audit.byCaller(db, caller, 'deployment.scaled', row.id, { from: row.replicas, to: replicas });
  }

  /** `ttlSeconds` counts from now; null: the deployment does not expire. */
  private async setTtl(db: Db, caller: Caller, id: string, ttlSeconds: number | null): Promise<void> {
    const expiresAt = expiryOf(this.clock.now(), ttlSeconds);
    await this.deployments.setExpiry(db, id, expiresAt);
    await this.jobs.expire(db, id, expiresAt);
    await this.audit.byCaller(db, caller, 'deployment.extended', id, { expiresAt: expiresAt?.toISOString() ?? null });
  }
}

function refuseScaling(row: DeploymentRow, replicas: number): void {
  if (row.status !== 'RUNNING') throw wrongStatus(row, 'Only a RUNNING deployment can be scaled.');
  if (replicas > 1 && columnsOf(row).ports.some(({ host }) => host !== undefined))
    throw invalidField('replicas', 'must be 1 with a host port: only one process can hold it');
}

export function wrongStatus({ id, status }: DeploymentRow, hint: string): DomainError {
  return new DomainError('DEPLOYMENT_STATUS_CONFLICT', { detail: `Deployment ${id} is ${status}.`, hint });
}

export function notFound(what: string): never {
  throw new DomainError('DEPLOYMENT_NOT_FOUND', {
    detail: `${what} does not exist.`,
    hint: 'GET /deployments/environment/{id} lists the deployments of an environment.',
  });
}
