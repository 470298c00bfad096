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
import { DriftReconciler } from './reconcile/drift-reconciler.js';
import type { PortMapping } from './domain/release.js';
import { IN_PROGRESS_STATUSES, LIVE_STATUSES } from './domain/transitions.js';

/** What users do with deployments that are there: each is a release of its own, or a job that is committed with its row. */
@Injectable()
export class ReleasesService {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly service: DeploymentsService,
    private readonly requests: DeploymentFactory,
    private readonly repair: DriftReconciler,
    private readonly audit: Audit,
    private readonly jobs: DeploymentJobs,
    private readonly clock: Clock,
    private readonly uploads: UploadReleases,
  ) {}

  /** The same specification; what the tag or the branch means is found out again. What was uploaded is built again while it is kept. */
  async redeploy(caller: Caller, id: string, idempotent?: IdempotentRequest): Promise<Created> {
    const row = await this.service.get(caller, id);
    const data = row.source === 'UPLOAD' ? await this.uploads.again(row) : this.requests.cloneFrom(row);
    return this.service.release(caller, data, { lane: row.name, action: 'deployment.redeployed', of: id }, idempotent);
  }

  /** To the release before this one, or to a given one: the same image, specification and secrets. */
  async rollback(
    caller: Caller,
    id: string,
    targetId: string | undefined,
    idempotent?: IdempotentRequest,
  ): Promise<Created> {
    const row = await this.service.get(caller, id);
    const target = targetId === undefined ? await this.before(row) : await this.given(caller, row, targetId);
    return this.back(caller, target, 'deployment.rolledBack', idempotent);
  }

  /** What was stopped runs again, as it was. */
  async start(caller: Caller, id: string, idempotent?: IdempotentRequest): Promise<Created> {
    const row = await this.service.get(caller, id);
    if (row.status !== 'STOPPED')
      throw wrongStatus(row, 'Only what is STOPPED can be started: redeploy makes a new release.');
    if (await this.deployments.hasLive(row.environmentId, row.name))
      throw wrongStatus(row, `Another release of ${row.name} is there: roll back to go to this one.`);
    return this.back(caller, row, 'deployment.started', idempotent);
  }

  /** Its containers and their service go; the row and its logs stay. */
  async stop(caller: Caller, id: string): Promise<DeploymentRow> {
    const row = await this.service.get(caller, id);
    if (row.status === 'STOPPED') return row;
    if (row.status !== 'RUNNING') {
      const hint = IN_PROGRESS_STATUSES.includes(row.status)
        ? `POST /deployments/job/${row.jobId}/cancel ends what is in progress.`
        : 'Nothing of it runs.';
      throw wrongStatus(row, hint);
    }
    await this.deployments.transaction(async (db) => {
      await this.jobs.remove(db, id, false);
      await this.audit.byCaller(db, caller, 'deployment.stopped', id);
    });
    return row;
  }

  /** Both are changed, or neither. */
  async update(caller: Caller, id: string, { replicas, ttlSeconds }: UpdateDeploymentDto): Promise<DeploymentRow> {
    const row = await this.service.get(caller, id);
    if (replicas == null && ttlSeconds === undefined) throw invalidField('replicas', 'or ttlSeconds must be given');
    if (replicas != null) refuseScaling(row, replicas);
    if (!LIVE_STATUSES.includes(row.status)) throw wrongStatus(row, 'Nothing of it runs.');
    await this.deployments.transaction(async (db) => {
      if (replicas != null) await this.scale(db, caller, row, replicas);
      if (ttlSeconds !== undefined) await this.setLife(db, caller, id, ttlSeconds);
    });
    return this.service.get(caller, id);
  }

  /** More or fewer replicas of what runs; containers follow. */
  private async scale(db: Db, caller: Caller, row: DeploymentRow, replicas: number): Promise<void> {
    if (!(await this.deployments.setReplicas(db, row.id, replicas))) throw wrongStatus(row, 'It ended in this moment.');
    await this.repair.plan(db, row);
    await this.audit.byCaller(db, caller, 'deployment.scaled', row.id, { from: row.replicas, to: replicas });
  }

  /** From now on; null: it does not end by itself. */
  private async setLife(db: Db, caller: Caller, id: string, ttlSeconds: number | null): Promise<void> {
    const expiresAt = expiryOf(this.clock.now(), ttlSeconds);
    await this.deployments.setExpiry(db, id, expiresAt);
    await this.jobs.expire(db, id, expiresAt);
    await this.audit.byCaller(db, caller, 'deployment.extended', id, { expiresAt: expiresAt?.toISOString() ?? null });
  }

  private back(
    caller: Caller,
    target: DeploymentRow,
    action: AuditAction,
    idempotent: IdempotentRequest | undefined,
  ): Promise<Created> {
    if (target.imageDigest === null)
      throw new DomainError('ROLLBACK_NOT_POSSIBLE', {
        detail: `The image of deployment ${target.id} was never known.`,
        hint: 'Redeploy it instead.',
      });
    const data = this.requests.cloneFrom(target, { keepImage: true });
    return this.service.release(caller, data, { lane: target.name, action, of: target.id }, idempotent);
  }

  private async before({ id, environmentId, name, createdAt }: DeploymentRow): Promise<DeploymentRow> {
    const previous = await this.deployments.ranBefore(environmentId, name, createdAt);
    if (previous) return previous;
    throw new DomainError('ROLLBACK_NOT_POSSIBLE', {
      detail: `No release of ${name} ran before deployment ${id}.`,
      hint: 'Name one with `deploymentId`.',
    });
  }

  private async given(caller: Caller, row: DeploymentRow, targetId: string): Promise<DeploymentRow> {
    const target = await this.deployments.byId(caller, targetId);
    if (!target || target.environmentId !== row.environmentId || target.name !== row.name)
      return notFound(`A release ${targetId} of ${row.name}`);
    if (target.status === 'RUNNING' || target.status === 'STOPPED') return target;
    throw wrongStatus(target, 'Only a release that has run can be gone back to.');
  }
}

function refuseScaling(row: DeploymentRow, replicas: number): void {
  if (row.status !== 'RUNNING') throw wrongStatus(row, 'Only what is RUNNING can be scaled.');
  const ports = row.ports as unknown as PortMapping[];
  if (replicas > 1 && ports.some(({ host }) => host !== undefined))
    throw invalidField('replicas', 'must be 1 with a host port: only one process can hold it');
}

function wrongStatus({ id, status }: DeploymentRow, hint: string): DomainError {
  return new DomainError('DEPLOYMENT_STATUS_CONFLICT', { detail: `Deployment ${id} is ${status}.`, hint });
}
