import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Deployment } from '#src/generated/prisma/client.js';
import { type Name, NamedReleases } from '#src/modules/deployments/changes/named-releases.service.js';
import { DeploymentsService } from '#src/modules/deployments/deployments.service.js';
import { DeploymentsRepository } from '#src/modules/deployments/repositories/deployments.repository.js';

/** Finds the release that a command is to run with. */
@Injectable()
export class RunnableReleases {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly repository: DeploymentsRepository,
    private readonly names: NamedReleases,
  ) {}

  /** Throws DEPLOYMENT_NOT_FOUND, and DEPLOYMENT_STATUS_CONFLICT for a release that never ran or was deleted. */
  async byId(caller: Caller, id: string): Promise<Deployment> {
    return runnable(await this.deployments.get(caller, id));
  }

  /** The newest RUNNING release of the name. Throws ENVIRONMENT_NOT_FOUND as well. */
  async byName(caller: Caller, of: Name): Promise<Deployment> {
    const { status } = await this.names.find(caller, of);
    const running = await this.repository.running(of.environmentId, of.name);
    if (running) return this.byId(caller, running.id);
    throw new DomainError('DEPLOYMENT_STATUS_CONFLICT', {
      detail: `No release of ${of.name} is RUNNING: the newest is ${status}.`,
      hint: 'Start or deploy it, or name a release that has run: POST /deployments/{id}/runs.',
    });
  }

  /** As it is in this transaction. */
  async again(db: Db, id: string): Promise<Deployment> {
    return runnable(await this.repository.get(db, id));
  }
}

function runnable<R extends Pick<Deployment, 'id' | 'status' | 'deletedAt' | 'imageDigest'>>(row: R): R {
  const { id, status, deletedAt, imageDigest } = row;
  if (deletedAt === null && imageDigest !== null && (status === 'RUNNING' || status === 'STOPPED')) return row;
  throw new DomainError('DEPLOYMENT_STATUS_CONFLICT', {
    detail: `Deployment ${id} ${deletedAt === null ? `is ${status}` : 'was deleted'}.`,
    hint: 'A command runs with a release that is RUNNING, or that was and is STOPPED now.',
  });
}
