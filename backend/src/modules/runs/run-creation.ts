import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { Config } from '#src/config/config.js';
import { Audit } from '#src/core/audit/audit.js';
import { Idempotency } from '#src/core/idempotency/idempotency.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import type { Name } from '#src/modules/deployments/changes/named-releases.service.js';
import { DeploymentsRepository } from '#src/modules/deployments/repositories/deployments.repository.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import { type AcceptedRun, NewRuns } from './new-runs.js';
import type { CreateRunDto } from './run.dto.js';
import { runRequestOf } from './run-request.js';
import { RunnableReleases } from './runnable-releases.js';

/** `replayed`: the response of an earlier request with the same Idempotency-Key. */
export interface CreatedRun {
  answer: AcceptedRun;
  replayed: boolean;
}

/** Creates runs for users. It never waits for Docker: the work is a job, committed with the row. */
@Injectable()
export class RunCreation {
  constructor(
    private readonly releases: RunnableReleases,
    private readonly deployments: DeploymentsRepository,
    private readonly environments: EnvironmentsService,
    private readonly newRuns: NewRuns,
    private readonly idempotency: Idempotency,
    private readonly audit: Audit,
    private readonly config: Config,
  ) {}

  async create(caller: Caller, id: string, body: CreateRunDto, idempotent?: IdempotentRequest): Promise<CreatedRun> {
    return this.createWith(caller, () => this.releases.byId(caller, id), body, idempotent);
  }

  async createByName(
    caller: Caller,
    of: Name,
    body: CreateRunDto,
    idempotent?: IdempotentRequest,
  ): Promise<CreatedRun> {
    return this.createWith(caller, () => this.releases.byName(caller, of), body, idempotent);
  }

  /** A replay returns the first response, whatever has become of the release. */
  private createWith(
    caller: Caller,
    find: () => Promise<Deployment>,
    body: CreateRunDto,
    idempotent: IdempotentRequest | undefined,
  ): Promise<CreatedRun> {
    return this.idempotency.execute(idempotent, async (claim) => {
      const { id, environmentId } = await find();
      return this.deployments.transaction(async (db) => {
        await claim.reserve(db);
        const { userId } = await this.environments.lockActive(db, environmentId, caller);
        const release = await this.releases.again(db, id);
        const request = runRequestOf(body, release, this.config);
        const answer = await this.newRuns.add(db, { release, userId, trigger: 'API' }, request);
        // Not its arguments: a command may contain a secret.
        const detail = { deploymentId: id, program: (body.command[0] ?? '').slice(0, 200) };
        await this.audit.byCaller(db, caller, 'run.created', answer.runId, detail);
        await claim.storeResponse(db, answer);
        return answer;
      });
    });
  }
}
