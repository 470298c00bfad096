import { Injectable } from '@nestjs/common';
import { type Caller, requireScope } from '#src/common/decorators/caller.js';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { Audit, type AuditAction } from '#src/core/audit/audit.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { Idempotency } from '#src/core/idempotency/idempotency.js';
import type { LockedEnvironment } from '#src/modules/environments/environments.repository.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import { Admission } from './admission.js';
import type { DeploymentRequest } from './deployment-factory.js';
import { DeploymentJobs } from './jobs/deployment-jobs.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';
import { PipelineRepository } from './repositories/pipeline.repository.js';

export interface Accepted {
  jobId: string;
  deploymentId: string;
  status: 'PENDING';
}

/** How a release is created. Releases of one name run one after the other, and a newer one supersedes pending ones. */
export interface ReleaseKind {
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

/** Creates the row of a release. It never waits for Docker: the work is a job, committed with the row. */
@Injectable()
export class ReleaseCreation {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly environments: EnvironmentsService,
    private readonly admission: Admission,
    private readonly jobs: DeploymentJobs,
    private readonly pipeline: PipelineRepository,
    private readonly idempotency: Idempotency,
    private readonly audit: Audit,
  ) {}

  /** Commits the row, its job and the response for replays together. */
  create(
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
        const answer = await this.add(db, environment, request);
        await this.audit.byCaller(db, caller, how.action, answer.deploymentId, how.of ? { of: how.of } : undefined);
        await how.also?.(db);
        await claim.storeResponse(db, answer);
        return answer;
      }),
    );
  }

  private async add(db: Db, environment: LockedEnvironment, request: DeploymentRequest): Promise<Accepted> {
    const { name } = request;
    await this.admission.check(db, environment, request);
    await this.pipeline.supersede(db, environment.id, name);
    const behind = await this.deployments.countInProgress(db, environment.userId);
    const { id } = await this.deployments.create(db, request.data);
    const isBuilt = request.data.source !== 'IMAGE' && !request.data.rollbackOfId;
    await this.jobs.run(db, { id, environmentId: environment.id, name, isBuilt }, behind);
    await this.jobs.expire(db, id, request.data.expiresAt as Date | null);
    return { jobId: request.data.jobId, deploymentId: id, status: 'PENDING' };
  }
}
