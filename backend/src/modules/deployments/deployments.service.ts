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

/** How a release is created. Releases of one name run one after the other, and a newer one supersedes pending ones. */
export interface ReleaseKind {
  /** name of the deployment; undefined when the request gave none */
  name: string | undefined;
  action: AuditAction;
  /** id of the deployment that it is cloned from */
  of?: string;
  /** runs in the transaction before the row is created; throws when the release is not possible */
  before?: (db: Db) => Promise<void>;
  /** runs in the same transaction, after the row is created */
  also?: (db: Db) => Promise<void>;
}

/** `replayed`: the response of an earlier request with the same Idempotency-Key. */
export interface Created {
  answer: Accepted;
  replayed: boolean;
}

/** Handles users' requests. It never waits for Docker: the work is a job, committed with the row. */
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
      { name: body.name, action: 'deployment.created' },
      idempotent,
    );
  }

  createFromGit(caller: Caller, body: CreateGitDeploymentDto, idempotent?: IdempotentRequest): Promise<Created> {
    return this.release(
      caller,
      this.requests.fromGit(body),
      { name: body.name, action: 'deployment.created' },
      idempotent,
    );
  }

  createFromUpload(caller: Caller, body: CreateUploadDeploymentDto, idempotent?: IdempotentRequest): Promise<Created> {
    const request = this.requests.fromUpload(body);
    const before = async (db: Db) => {
      request.data.sourceSha256 = (await this.uploads.require(db, caller, body.uploadId)).sha256;
    };
    return this.release(caller, request, { name: body.name, action: 'deployment.created', before }, idempotent);
  }

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

  /** Commits the row, its job and the response for replays together. */
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
        const answer = await this.add(db, environment, request, how.name);
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
    name: string | undefined,
  ): Promise<Accepted> {
    await this.requests.checkAdmission(db, environment, request);
    if (name !== undefined) await this.pipeline.supersede(db, environment.id, name);
    const behind = await this.deployments.countInProgress(db, environment.userId);
    const { id } = await this.deployments.create(db, request.data);
    const isBuilt = request.data.source !== 'IMAGE' && !request.data.rollbackOfId;
    await this.jobs.run(
      db,
      { id, environmentId: environment.id, isBuilt },
      { name, userId: environment.userId, behind },
    );
    await this.jobs.expire(db, id, request.data.expiresAt as Date | null);
    return { jobId: request.data.jobId, deploymentId: id, status: 'PENDING' };
  }
}

export function notFound(what: string): never {
  throw new DomainError('DEPLOYMENT_NOT_FOUND', {
    detail: `${what} does not exist.`,
    hint: 'GET /deployments/environment/{id} lists the deployments of an environment.',
  });
}
