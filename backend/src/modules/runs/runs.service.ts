import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { cut, type Page } from '#src/common/pagination.js';
import { Audit } from '#src/core/audit/audit.js';
import type { Run } from '#src/generated/prisma/client.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import { isFinished } from './run-statuses.js';
import { RunsRepository } from './runs.repository.js';

/** Reads and cancels runs for users. */
@Injectable()
export class RunsService {
  constructor(
    private readonly runs: RunsRepository,
    private readonly environments: EnvironmentsService,
    private readonly audit: Audit,
  ) {}

  /** Throws RUN_NOT_FOUND, also for a run of another user. */
  async get(caller: Caller, id: string): Promise<Run> {
    const run = await this.runs.find(caller, id);
    if (run) return run;
    throw new DomainError('RUN_NOT_FOUND', {
      detail: `Run ${id} does not exist.`,
      hint: 'GET /environments/{id}/runs lists the last runs of an environment.',
    });
  }

  async listOfEnvironment(
    caller: Caller,
    environmentId: string,
    name: string | undefined,
    page: Page,
  ): Promise<{ items: Run[]; nextCursor: string | null }> {
    await this.environments.get(caller, environmentId);
    return cut(await this.runs.ofEnvironment(environmentId, name, page), page.limit);
  }

  /** The run ends as CANCELLED within 5 s, unless it ends by itself before. */
  async cancel(caller: Caller, id: string): Promise<Run> {
    const run = await this.get(caller, id);
    if (isFinished(run.status))
      throw new DomainError('RUN_NOT_CANCELLABLE', {
        detail: `The run is already ${run.status}.`,
        hint: 'Only a run that is PENDING or RUNNING can be cancelled.',
      });
    await this.runs.transaction(async (db) => {
      await this.runs.cancel(db, { id });
      await this.audit.byCaller(db, caller, 'run.cancelled', id);
    });
    return this.get(caller, id);
  }
}
