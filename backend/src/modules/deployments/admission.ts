import { Injectable } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Config } from '#src/config/config.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { SitesRepository } from '#src/modules/ingress/sites/sites.repository.js';
import type { DeploymentRequest } from './deployment-factory.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';

/** Checks whether an environment admits a deployment. */
@Injectable()
export class Admission {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly sites: SitesRepository,
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
    const published = run.ports.filter(({ host }) => host !== undefined);
    if (published.length > 0) await this.deployments.lockHostPorts(db);
    for (const port of published) {
      if (await this.deployments.hostPortHeld(db, port, { environmentId: environment.id, name })) {
        throw new DomainError('HOST_PORT_TAKEN', {
          detail: `Host port ${port.host}/${port.protocol} is used by another deployment.`,
          hint: 'Choose another `ports[].host`.',
        });
      }
    }
  }
}
