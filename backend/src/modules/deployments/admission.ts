import { Injectable } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Config } from '#src/config/config.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { SitesRepository } from '#src/modules/ingress/sites/sites.repository.js';
import type { DeploymentRequest } from './deployment-factory.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';
import { HostPorts } from './swarm/host-ports.js';

/** Checks whether an environment admits a deployment. */
@Injectable()
export class Admission {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly sites: SitesRepository,
    private readonly hostPorts: HostPorts,
    private readonly config: Config,
  ) {}

  /**
   * Throws when the quota is exhausted, or the public domain or a host port is taken. Must run in the transaction that
   * creates the row, with the environment locked.
   */
  async check(db: Db, environment: { id: string }, { name, run }: DeploymentRequest): Promise<void> {
    const max = this.config.quota.deploymentsPerEnvironment;
    if ((await this.deployments.countLive(db, environment.id)) >= max) {
      throw new DomainError('DEPLOYMENT_QUOTA_EXCEEDED', {
        detail: `This environment has ${max} live deployments, the maximum.`,
        hint: 'Delete a deployment first.',
      });
    }
    if (run.publicAs) await this.sites.refuseTaken(db, environment.id, run.publicAs.domain);
    await this.hostPorts.admit(db, run.ports, { environmentId: environment.id, name });
  }
}
