import { Injectable } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Config, type Resources } from '#src/config/config.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { SitesRepository } from '#src/modules/ingress/sites/sites.repository.js';
import type { DeploymentRequest } from './deployment-factory.js';
import { refuseAboveQuota } from './user-quota.js';
import { DeploymentsRepository } from './repositories/deployments.repository.js';
import { HostPorts } from './swarm/host-ports.js';

type Wanted = Pick<DeploymentRequest['run'], 'ports' | 'replicas' | 'resources'>;
type Owned = { id: string; userId: string };

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
   * Throws when a quota is exhausted, or the public domain or a host port is taken. Must run in the transaction that
   * creates the row, with the environment locked.
   */
  async check(db: Db, environment: Owned, { name, run }: DeploymentRequest): Promise<void> {
    const max = this.config.quota.deploymentsPerEnvironment;
    if ((await this.deployments.countLive(db, environment.id)) >= max) {
      throw new DomainError('DEPLOYMENT_QUOTA_EXCEEDED', {
        detail: `This environment has ${max} live deployments, the maximum.`,
        hint: 'Delete a deployment first.',
      });
    }
    await this.checkUsage(db, environment, name, run);
    if (run.publicAs) await this.sites.refuseTaken(db, environment.id, run.publicAs.domain);
    await this.hostPorts.admit(db, run.ports, { environmentId: environment.id, name });
  }

  /** Throws RESOURCE_QUOTA_EXCEEDED. A new release of a name replaces the earlier ones and is counted instead of them. */
  async checkUsage(db: Db, environment: Owned, name: string, run: Wanted): Promise<void> {
    const except = { environmentId: environment.id, name };
    const runs = this.config.quota.runsAtOncePerUser;
    const used = await this.deployments.usedBy(db, environment.userId, { except, runs });
    refuseAboveQuota(used, run, this.config.quota);
  }

  /** Throws RESOURCE_QUOTA_EXCEEDED. A run that is queued counts once it can begin. */
  async checkRun(db: Db, userId: string, resources: Resources): Promise<void> {
    const used = await this.deployments.usedBy(db, userId, { runs: this.config.quota.runsAtOncePerUser - 1 });
    refuseAboveQuota(used, { replicas: 1, ports: [], resources }, this.config.quota);
  }
}
