import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import { DeploymentsService, notFound } from '#src/modules/deployments/deployments.service.js';
import type { Created } from '#src/modules/deployments/release-creation.js';
import { ReleasesService } from '#src/modules/deployments/releases.service.js';
import {
  DeploymentsRepository,
  type DeploymentRow,
} from '#src/modules/deployments/repositories/deployments.repository.js';

/** A name in an environment. */
export interface Name {
  environmentId: string;
  name: string;
}

/** Acts on the deployment of a name: its newest release that has not FAILED, else the newest. */
@Injectable()
export class NamedReleases {
  constructor(
    private readonly deployments: DeploymentsRepository,
    private readonly environments: EnvironmentsService,
    private readonly service: DeploymentsService,
    private readonly releases: ReleasesService,
  ) {}

  async rollback(caller: Caller, of: Name, targetId?: string, idempotent?: IdempotentRequest): Promise<Created> {
    return this.releases.rollback(caller, (await this.find(caller, of)).id, targetId, idempotent);
  }

  async start(caller: Caller, of: Name, idempotent?: IdempotentRequest): Promise<Created> {
    return this.releases.start(caller, (await this.find(caller, of)).id, idempotent);
  }

  async stop(caller: Caller, of: Name): Promise<DeploymentRow> {
    return this.service.stop(caller, (await this.find(caller, of)).id);
  }

  /** Throws ENVIRONMENT_NOT_FOUND, and DEPLOYMENT_NOT_FOUND for a name that the environment never had. */
  async find(caller: Caller, of: Name): Promise<Deployment> {
    await this.environments.get(caller, of.environmentId);
    return this.current(this.deployments.db, of);
  }

  /** As `find`, without a check of the owner. */
  async current(db: Db, { environmentId, name }: Name): Promise<Deployment> {
    const valid = await this.deployments.newestValid(db, environmentId, name);
    const found = valid ?? (await this.deployments.newest(db, environmentId, name));
    return found ?? notFound(`A deployment named ${name} in environment ${environmentId}`);
  }
}
