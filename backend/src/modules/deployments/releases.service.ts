import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { DomainError, invalidField } from '#src/common/errors/domain-error.js';
import { Clock } from '#src/common/time/clock.js';
import { expiryOf } from '#src/common/time/ttl.js';
import { Audit, type AuditAction } from '#src/core/audit/audit.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { DeploymentJobs } from './jobs/deployment-jobs.js';
import { DeploymentFactory } from './deployment-factory.js';
import { DeploymentsRepository, type DeploymentRow } from './repositories/deployments.repository.js';
import { type Created, DeploymentsService, notFound } from './deployments.service.js';
import { UploadReleases } from './upload-releases.js';
import type { UpdateDeploymentDto } from './dto/releases.dto.js';
import { columnsOf } from './domain/deployment-columns.js';
import { IN_PROGRESS_STATUSES, LIVE_STATUSES } from './domain/transitions.js';

/** Handles users' operations on existing deployments: each creates a release, or adds a job in the same transaction. */
@Injectable()
export class ReleasesService {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly service: DeploymentsService,
    private readonly requests: DeploymentFactory,
    private readonly audit: Audit,
    private readonly jobs: DeploymentJobs,
    private readonly clock: Clock,
    private readonly uploads: UploadReleases,
  ) {}

  /** Keeps the specification and resolves the tag or the branch again. Rebuilds an upload while it is retained. */
  async redeploy(caller: Caller, id: string, idempotent?: IdempotentRequest): Promise<Created> {
    const row = await this.service.get(caller, id);
    const data = row.source === 'UPLOAD' ? await this.uploads.redeploy(row) : this.requests.cloneFrom(row);
    return this.service.release(caller, data, { name: row.name, action: 'deployment.redeployed', of: id }, idempotent);
  }

  /** Creates a release with the image, specification and secrets of the previous release, or of a given one. */
  async rollback(
    caller: Caller,
    id: string,
    targetId: string | undefined,
    idempotent?: IdempotentRequest,
  ): Promise<Created> {
    const row = await this.service.get(caller, id);
    const target = targetId === undefined ? await this.previous(row) : await this.given(caller, row, targetId);
    return this.releaseImageOf(caller, target, 'deployment.rolledBack', idempotent);
  }

  /** Creates a release that runs a stopped deployment unchanged. */
  async start(caller: Caller, id: string, idempotent?: IdempotentRequest): Promise<Created> {
    const row = await this.service.get(caller, id);
    if (row.status !== 'STOPPED')
      throw wrongStatus(row, 'Only a STOPPED deployment can be started. Redeploy it to create a new release.');
    if (await this.deployments.hasLive(row.environmentId, row.name))
      throw wrongStatus(row, `Another release of ${row.name} is live. Roll back to this one instead.`);
    return this.releaseImageOf(caller, row, 'deployment.started', idempotent);
  }

  /** Removes the service and its containers; the row and its logs are retained. */
  async stop(caller: Caller, id: string): Promise<DeploymentRow> {
    const row = await this.service.get(caller, id);
    if (row.status === 'STOPPED') return row;
    if (row.status !== 'RUNNING') {
      const hint = IN_PROGRESS_STATUSES.includes(row.status)
        ? `POST /deployments/job/${row.jobId}/cancel cancels it.`
        : 'It is not running.';
      throw wrongStatus(row, hint);
    }
    await this.deployments.transaction(async (db) => {
      await this.jobs.remove(db, id, false);
      await this.audit.byCaller(db, caller, 'deployment.stopped', id);
    });
    return row;
  }

  /** Changes both in one transaction. */
  async update(caller: Caller, id: string, { replicas, ttlSeconds }: UpdateDeploymentDto): Promise<DeploymentRow> {
    const row = await this.service.get(caller, id);
    if (replicas == null && ttlSeconds === undefined) throw invalidField('replicas', 'or ttlSeconds must be given');
    if (replicas != null) refuseScaling(row, replicas);
    if (!LIVE_STATUSES.includes(row.status)) throw wrongStatus(row, 'It is not running.');
    await this.deployments.transaction(async (db) => {
      if (replicas != null) await this.scale(db, caller, row, replicas);
      if (ttlSeconds !== undefined) await this.setTtl(db, caller, id, ttlSeconds);
    });
    return this.service.get(caller, id);
  }

  private async scale(db: Db, caller: Caller, row: DeploymentRow, replicas: number): Promise<void> {
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

  private releaseImageOf(
    caller: Caller,
    target: DeploymentRow,
    action: AuditAction,
    idempotent: IdempotentRequest | undefined,
  ): Promise<Created> {
    if (target.imageDigest === null)
      throw new DomainError('ROLLBACK_NOT_POSSIBLE', {
        detail: `The image digest of deployment ${target.id} is unknown: it failed before the image was resolved.`,
        hint: 'Redeploy it instead.',
      });
    const data = this.requests.cloneFrom(target, { keepImage: true });
    return this.service.release(caller, data, { name: target.name, action, of: target.id }, idempotent);
  }

  private async previous({ id, environmentId, name, createdAt }: DeploymentRow): Promise<DeploymentRow> {
    const previous = await this.deployments.ranBefore(environmentId, name, createdAt);
    if (previous) return previous;
    throw new DomainError('ROLLBACK_NOT_POSSIBLE', {
      detail: `No release of ${name} ran before deployment ${id}.`,
      hint: 'Choose a release with `deploymentId`.',
    });
  }

  private async given(caller: Caller, row: DeploymentRow, targetId: string): Promise<DeploymentRow> {
    const target = await this.deployments.byId(caller, targetId);
    if (!target || target.environmentId !== row.environmentId || target.name !== row.name)
      return notFound(`A release ${targetId} of ${row.name}`);
    if (target.status === 'RUNNING' || target.status === 'STOPPED') return target;
    throw wrongStatus(target, 'Choose a release that has been RUNNING.');
  }
}

function refuseScaling(row: DeploymentRow, replicas: number): void {
  if (row.status !== 'RUNNING') throw wrongStatus(row, 'Only a RUNNING deployment can be scaled.');
  if (replicas > 1 && columnsOf(row).ports.some(({ host }) => host !== undefined))
    throw invalidField('replicas', 'must be 1 with a host port: only one process can hold it');
}

function wrongStatus({ id, status }: DeploymentRow, hint: string): DomainError {
  return new DomainError('DEPLOYMENT_STATUS_CONFLICT', { detail: `Deployment ${id} is ${status}.`, hint });
}
