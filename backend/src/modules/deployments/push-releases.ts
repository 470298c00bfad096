import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { DeploymentFactory } from './deployment-factory.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';
import { type Accepted, DeploymentsService } from './deployments.service.js';

/** Releases that a push to a repository makes. */
@Injectable()
export class PushReleases {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly service: DeploymentsService,
    private readonly requests: DeploymentFactory,
  ) {}

  /** What the next release is made from: the newest of the name that was built. Its environment's owner is the caller's to ask for. */
  newest(environmentId: string, name: string): Promise<Deployment | null> {
    return this.deployments.newestBuilt(environmentId, name);
  }

  /** Throws DEPLOYMENT_NOT_FOUND. */
  async require(environmentId: string, name: string): Promise<void> {
    if (await this.newest(environmentId, name)) return;
    throw new DomainError('DEPLOYMENT_NOT_FOUND', {
      detail: `No deployment of ${name} in this environment was made from Git.`,
      hint: 'POST /deployments/from-git makes one.',
    });
  }

  /** The same again from the newest commit of that branch. `also` is committed with it, or nothing is. */
  async make(caller: Caller, row: Deployment, branch: string, also: (db: Db) => Promise<void>): Promise<Accepted> {
    const again = this.requests.cloneFrom(row);
    const options = { ...(row.gitOptions as object), ref: branch, commit: null };
    const request = { ...again, data: { ...again.data, gitBranch: branch, gitOptions: options } };
    const how = { lane: row.name, action: 'deployment.redeployed', of: row.id, also } as const;
    return (await this.service.release(caller, request, how, undefined)).answer;
  }
}
