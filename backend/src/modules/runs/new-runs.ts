import { Injectable } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
import { IdSource } from '#src/common/time/id-source.js';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Deployment, RunTrigger } from '#src/generated/prisma/client.js';
import { Admission } from '#src/modules/deployments/admission.js';
import { RunJobs } from './run-jobs.js';
import { runSecretContext } from './run-release.js';
import type { RunRequest } from './run-request.js';
import { RunsRepository } from './runs.repository.js';

/** A queue of a user must end some day. */
const MAX_UNFINISHED_PER_USER = 200;

export interface AcceptedRun {
  runId: string;
  jobId: string;
  status: 'PENDING';
}

/** Adds the row of a run and its job, in a transaction that has locked the environment. */
@Injectable()
export class NewRuns {
  constructor(
    private readonly runs: RunsRepository,
    private readonly admission: Admission,
    private readonly jobs: RunJobs,
    private readonly secrets: SecretBox,
    private readonly ids: IdSource,
  ) {}

  /** Throws RUN_QUOTA_EXCEEDED and RESOURCE_QUOTA_EXCEEDED. */
  async add(
    db: Db,
    { release, userId, trigger }: { release: Deployment; userId: string; trigger: RunTrigger },
    { command, envVars, timeoutSeconds, resources }: RunRequest,
  ): Promise<AcceptedRun> {
    await this.admission.checkRun(db, userId, resources);
    const behind = await this.runs.countUnfinished(db, userId);
    if (behind >= MAX_UNFINISHED_PER_USER)
      throw new DomainError('RUN_QUOTA_EXCEEDED', {
        detail: `You have ${behind} runs that have not ended, the maximum.`,
        hint: 'Wait until some have ended, or cancel them: POST /runs/{id}/cancel.',
      });
    const { environmentId, name } = release;
    await this.runs.prune(db, environmentId, name);
    const jobId = this.ids.jobId();
    const envVarNames = Object.keys(envVars);
    const { id: runId } = await this.runs.create(db, {
      ...{ jobId, environmentId, deploymentId: release.id, name, command, timeoutSeconds, trigger },
      resources: { ...resources },
      envVarNames,
      envVars: envVarNames.length > 0 ? this.secrets.seal(JSON.stringify(envVars), runSecretContext(jobId)) : null,
    });
    await this.jobs.execute(db, runId, { userId, behind });
    return { runId, jobId, status: 'PENDING' };
  }
}
