import { Injectable } from '@nestjs/common';
import { SecretBox } from '#src/core/crypto/secret-box.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import type { LockedEnvironment } from '#src/modules/environments/environments.repository.js';
import { Admission } from './admission.js';
import type { DeploymentRequest } from './deployment-factory.js';
import { columnsOf, storedColumns } from './domain/deployment-columns.js';
import { secretContext } from './domain/secret-context.js';
import { timesOf, type Variables, variableTimes } from './domain/variable-times.js';
import { FileContentsService } from './files/file-contents.service.js';
import { DeploymentJobs } from './jobs/deployment-jobs.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';
import { PipelineRepository } from './repositories/pipeline.repository.js';

export interface Accepted {
  jobId: string;
  deploymentId: string;
  status: 'PENDING';
}

/** Adds the row of a release and its job, in a transaction that has locked the environment. */
@Injectable()
export class NewReleases {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly admission: Admission,
    private readonly pipeline: PipelineRepository,
    private readonly jobs: DeploymentJobs,
    private readonly secrets: SecretBox,
    private readonly files: FileContentsService,
  ) {}

  async add(db: Db, environment: LockedEnvironment, request: DeploymentRequest): Promise<Accepted> {
    const { name } = request;
    await this.admission.check(db, environment, request);
    const history = await this.historyColumns(db, request);
    await this.files.store(db, environment, request);
    await this.pipeline.supersede(db, environment.id, name);
    const behind = await this.deployments.countInProgress(db, environment.userId);
    const { id } = await this.deployments.create(db, { ...request.data, ...history });
    const isBuilt = request.data.source !== 'IMAGE' && !request.data.rollbackOfId;
    await this.jobs.run(db, { id, environmentId: environment.id, name, isBuilt }, behind);
    await this.jobs.expire(db, id, request.data.expiresAt ?? null);
    return { jobId: request.data.jobId, deploymentId: id, status: 'PENDING' };
  }

  /**
   * Columns that depend on the earlier releases of the name. The row is newer than each of them, whatever the clock of
   * the process says: the next change is based on the newest.
   */
  private async historyColumns(db: Db, { environmentId, name, data }: DeploymentRequest) {
    const newest = await this.deployments.newest(db, environmentId, name);
    const previous = newest?.status === 'FAILED' ? await this.deployments.newestValid(db, environmentId, name) : newest;
    const createdAt = new Date(Math.max(data.createdAt.getTime(), (newest?.createdAt.getTime() ?? 0) + 1));
    const values = this.valuesOf(data);
    const envVarsUpdatedAt = variableTimes(values, createdAt, previous ? this.variablesOf(previous) : undefined);
    return { createdAt, ...storedColumns({ envVarsUpdatedAt }) };
  }

  private variablesOf(row: Deployment): Variables {
    const { envVarsUpdatedAt } = columnsOf(row);
    return { values: this.valuesOf(row), times: timesOf(row.envVarNames, envVarsUpdatedAt, row.createdAt) };
  }

  private valuesOf({ envVars, jobId }: { envVars?: string | null | undefined; jobId: string }): Record<string, string> {
    if (!envVars) return {};
    return JSON.parse(this.secrets.open(envVars, secretContext(jobId, 'envVars'))) as Record<string, string>;
  }
}
