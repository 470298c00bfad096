import { Injectable } from '@nestjs/common';
import { type Caller, requireScope } from '#src/common/decorators/caller.js';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { cut, type Page } from '#src/common/pagination.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { Audit, type AuditAction } from '#src/core/audit/audit.js';
import { Idempotency } from '#src/core/idempotency/idempotency.js';
import { DeploymentJobs } from './jobs/deployment-jobs.js';
import type { LockedEnvironment } from '#src/modules/environments/environments.repository.js';
import { UploadsService } from '#src/modules/uploads/uploads.service.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import { type DeploymentRequest, DeploymentFactory } from './deployment-factory.js';
import { DeploymentsRepository, type DeploymentRow } from './repositories/deployments.repository.js';
import type { CreateGitDeploymentDto } from './dto/create-git-deployment.dto.js';
import type { CreateUploadDeploymentDto } from './dto/create-upload-deployment.dto.js';
import type { CreateDeploymentDto } from './dto/create-deployment.dto.js';
import { PipelineRepository } from './repositories/pipeline.repository.js';
import { DeploymentStatusCache } from './events/deployment-status-cache.js';
import { IN_PROGRESS_STATUSES } from './domain/transitions.js';

export interface Accepted {
  jobId: string;
  deploymentId: string;
  status: 'PENDING';
}

/** Releases of one lane run one after the other, and a newer one takes the place of those that wait. */
export interface ReleaseKind {
  /** the name, where it was given */
  lane: string | undefined;
  action: AuditAction;
  /** id of the deployment that it was made from */
  of?: string;
  /** in its transaction, before the row is made: throws where it cannot be */
  before?: (db: Db) => Promise<void>;
  /** committed with it, or nothing is */
  also?: (db: Db) => Promise<void>;
}

/** `replayed`: it had been answered before. */
export interface Created {
  answer: Accepted;
  replayed: boolean;
}

/** What users ask of deployments. Nothing here waits for Docker: the work is a job, committed with the row. */
@Injectable()
export class DeploymentsService {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly environments: EnvironmentsService,
    private readonly requests: DeploymentFactory,
    private readonly jobs: DeploymentJobs,
    private readonly pipeline: PipelineRepository,
    private readonly idempotency: Idempotency,
    private readonly polled: DeploymentStatusCache,
    private readonly audit: Audit,
    private readonly uploads: UploadsService,
  ) {}

  createFromImage(caller: Caller, body: CreateDeploymentDto, idempotent?: IdempotentRequest): Promise<Created> {
    return this.release(
      caller,
      this.requests.fromImage(body),
      { lane: body.name, action: 'deployment.created' },
      idempotent,
    );
  }

  createFromGit(caller: Caller, body: CreateGitDeploymentDto, idempotent?: IdempotentRequest): Promise<Created> {
    return this.release(
      caller,
      this.requests.fromGit(body),
      { lane: body.name, action: 'deployment.created' },
      idempotent,
    );
  }

  createFromUpload(caller: Caller, body: CreateUploadDeploymentDto, idempotent?: IdempotentRequest): Promise<Created> {
    const request = this.requests.fromUpload(body);
    const before = async (db: Db) => {
      request.data.sourceSha256 = (await this.uploads.require(db, caller, body.uploadId)).sha256;
    };
    return this.release(caller, request, { lane: body.name, action: 'deployment.created', before }, idempotent);
  }

  async get(caller: Caller, id: string): Promise<DeploymentRow> {
    return (await this.deployments.byId(caller, id)) ?? notFound(`Deployment ${id}`);
  }

  async getByJobId(caller: Caller, jobId: string): Promise<DeploymentRow> {
    return (await this.deployments.byJobId(caller, jobId)) ?? notFound(`Job ${jobId}`);
  }

  /** The same for those who poll: from memory while nothing changed. */
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

  /** Ends it in FAILED with CANCELLED; the previous release is untouched. */
  async cancel(caller: Caller, jobId: string): Promise<DeploymentRow> {
    const deployment = await this.getByJobId(caller, jobId);
    if (!IN_PROGRESS_STATUSES.includes(deployment.status)) {
      throw new DomainError('DEPLOYMENT_NOT_CANCELLABLE', {
        detail: `The deployment is ${deployment.status} already.`,
        hint: 'DELETE /deployments/{id} removes what runs.',
      });
    }
    await this.deployments.transaction(async (db) => {
      await this.pipeline.cancel(db, [deployment.id]);
      await this.audit.byCaller(db, caller, 'deployment.cancelled', deployment.id);
    });
    return deployment;
  }

  /** Cancels what is in progress, removes what runs. A durable job. */
  async delete(caller: Caller, id: string, deleteVolumes: boolean): Promise<DeploymentRow> {
    const deployment = await this.get(caller, id);
    await this.deployments.transaction(async (db) => {
      if (IN_PROGRESS_STATUSES.includes(deployment.status)) await this.pipeline.cancel(db, [id]);
      await this.jobs.remove(db, id, deleteVolumes);
      await this.audit.byCaller(db, caller, 'deployment.deleted', id, { deleteVolumes });
    });
    return deployment;
  }

  /** The row, its job and the answer to a repeated request are committed together. */
  release(
    caller: Caller,
    request: DeploymentRequest,
    how: ReleaseKind,
    idempotent: IdempotentRequest | undefined,
  ): Promise<Created> {
    if (request.run.publicAs) requireScope(caller, 'ENVIRONMENTS_WRITE');
    return this.idempotency.execute(idempotent, (claim) =>
      this.deployments.transaction(async (db) => {
        await claim.reserve(db);
        const environment = await this.environments.lockActive(db, request.environmentId, caller);
        await how.before?.(db);
        const answer = await this.add(db, environment, request, how.lane);
        await this.audit.byCaller(db, caller, how.action, answer.deploymentId, how.of ? { of: how.of } : undefined);
        await how.also?.(db);
        await claim.storeResponse(db, answer);
        return answer;
      }),
    );
  }

  private async add(
    db: Db,
    environment: LockedEnvironment,
    request: DeploymentRequest,
    lane: string | undefined,
  ): Promise<Accepted> {
    await this.requests.checkAdmission(db, environment, request);
    if (lane !== undefined) await this.pipeline.supersede(db, environment.id, lane);
    const behind = await this.deployments.countInProgress(db, environment.userId);
    const { id } = await this.deployments.create(db, request.data);
    const isBuilt = request.data.source !== 'IMAGE' && !request.data.rollbackOfId;
    await this.jobs.run(
      db,
      { id, environmentId: environment.id, isBuilt },
      { name: lane, userId: environment.userId, behind },
    );
    await this.jobs.expire(db, id, request.data.expiresAt as Date | null);
    return { jobId: request.data.jobId, deploymentId: id, status: 'PENDING' };
  }
}

export function notFound(what: string): never {
  throw new DomainError('DEPLOYMENT_NOT_FOUND', {
    detail: `${what} does not exist.`,
    hint: 'GET /deployments/environment/{id} lists those of an environment.',
  });
}
