import { Injectable } from '@nestjs/common';
import { type Caller, requireScope } from '#src/common/decorators/caller.js';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { Audit, type AuditAction, type AuditEntry } from '#src/core/audit/audit.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { Idempotency } from '#src/core/idempotency/idempotency.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import type { DeploymentRequest } from './deployment-factory.js';
import { type Accepted, NewReleases } from './new-releases.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';

/** How a release is created. Releases of one name run one after the other, and a newer one supersedes pending ones. */
export interface ReleaseKind {
  action: AuditAction;
  /** runs in the transaction before the row is created; throws when the release is not possible */
  before?: (db: Db) => Promise<void>;
  /** runs in the same transaction, after the row is created */
  also?: (db: Db) => Promise<void>;
}

/**
 * A request that depends on the other releases of its name. It is made in the transaction that creates the row, with
 * the environment locked, so that of two changes at once the second is made from the first.
 */
export interface DeferredRequest {
  environmentId: string;
  make: (db: Db) => Promise<{ request: DeploymentRequest; detail?: AuditEntry['detail'] }>;
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
    private readonly releases: NewReleases,
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
    const { environmentId } = request;
    return this.createLater(caller, { environmentId, make: () => Promise.resolve({ request }) }, how, idempotent);
  }

  /** As `create`. `make` checks the scopes that the request needs. */
  createLater(
    caller: Caller,
    { environmentId, make }: DeferredRequest,
    how: ReleaseKind,
    idempotent: IdempotentRequest | undefined,
  ): Promise<Created> {
    return this.idempotency.execute(idempotent, (claim) =>
      this.deployments.transaction(async (db) => {
        await claim.reserve(db);
        const environment = await this.environments.lockActive(db, environmentId, caller);
        await how.before?.(db);
        const { request, detail } = await make(db);
        const answer = await this.releases.add(db, environment, request);
        const about = request.of === undefined ? detail : { of: request.of, ...detail };
        await this.audit.byCaller(db, caller, how.action, answer.deploymentId, about);
        await how.also?.(db);
        await claim.storeResponse(db, answer);
        return answer;
      }),
    );
  }
}
