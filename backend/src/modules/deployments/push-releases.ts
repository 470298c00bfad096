import { Injectable } from '@nestjs/common';
import { type Caller, requireScope } from '#src/common/decorators/caller.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { DeploymentFactory, type DeploymentRequest } from './deployment-factory.js';
import { columnsOf, storedColumns } from './domain/deployment-columns.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';
import type { Accepted } from './new-releases.js';
import { ReleaseCreation } from './release-creation.js';

/** Creates releases for pushes to a repository. */
@Injectable()
export class PushReleases {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly creation: ReleaseCreation,
    private readonly requests: DeploymentFactory,
  ) {}

  /** The deployment that the next release clones: the newest of the name from Git. The caller must check the owner. */
  newest(environmentId: string, name: string): Promise<Deployment | null> {
    return this.deployments.newestBuilt(this.deployments.db, environmentId, name);
  }

  /** Throws DEPLOYMENT_NOT_FOUND. */
  async require(environmentId: string, name: string): Promise<void> {
    if (await this.newest(environmentId, name)) return;
    throw new DomainError('DEPLOYMENT_NOT_FOUND', {
      detail: `No deployment named ${name} in this environment was created from Git.`,
      hint: 'POST /deployments/from-git creates one.',
    });
  }

  /**
   * Creates a release from the newest commit of that branch. A change that was created since `row` was read is kept.
   * `also` runs in the same transaction.
   */
  async make(caller: Caller, row: Deployment, branch: string, also: (db: Db) => Promise<void>): Promise<Accepted> {
    const { environmentId, name } = row;
    const make = async (db: Db) => {
      const newest = (await this.deployments.newestBuilt(db, environmentId, name)) ?? row;
      return { request: this.requestOf(caller, newest, branch) };
    };
    const how = { action: 'deployment.redeployed', also } as const;
    return (await this.creation.createLater(caller, { environmentId, make }, how, undefined)).answer;
  }

  private requestOf(caller: Caller, row: Deployment, branch: string): DeploymentRequest {
    const clone = this.requests.cloneFrom(row);
    if (clone.run.publicAs) requireScope(caller, 'ENVIRONMENTS_WRITE');
    const options = storedColumns({ gitOptions: { ...columnsOf(row).gitOptions, ref: branch, commit: null } });
    return { ...clone, data: { ...clone.data, gitBranch: branch, ...options } };
  }
}
