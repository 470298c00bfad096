import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/decorators/caller.js';
import { DomainError } from '../../common/errors/domain-error.js';
import { cut, type Page } from '../../common/pagination.js';
import { Clock } from '../../common/time/clock.js';
import { Config } from '../../config/config.js';
import { JobQueue } from '../../core/jobs/job-queue.js';
import type { EnvironmentStatus } from '../../generated/prisma/client.js';
import { EnvironmentNetwork } from './environment-network.js';
import { overlayName } from './environment-name.js';
import { EnvironmentsRepository, type EnvironmentRow } from './environments.repository.js';

@Injectable()
export class EnvironmentsService {
  constructor(
    private readonly environments: EnvironmentsRepository,
    private readonly network: EnvironmentNetwork,
    private readonly jobs: JobQueue,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /** ACTIVE when it returns: the network is there. When it cannot be made, nothing is left. */
  async create(caller: Caller, name: string): Promise<EnvironmentRow> {
    const environment = await this.reserve(caller, name);
    try {
      await this.network.ensure(environment);
    } catch (error) {
      await this.environments.remove(environment.id);
      throw error;
    }
    await this.environments.move(this.environments.db, environment.id, ['CREATING'], 'ACTIVE');
    return { ...environment, status: 'ACTIVE' };
  }

  /** The caller's environment in any status; throws ENVIRONMENT_NOT_FOUND, also for somebody else's. */
  async get(caller: Caller, id: string): Promise<EnvironmentRow> {
    const environment = await this.environments.find(caller, id);
    if (!environment) throw notFound(id);
    return environment;
  }

  /** The same, but it must be able to take deployments. */
  async getActive(caller: Caller, id: string): Promise<EnvironmentRow> {
    const environment = await this.get(caller, id);
    if (environment.status === 'ACTIVE') return environment;
    throw new DomainError('ENVIRONMENT_NOT_ACTIVE', {
      detail: `Environment ${id} is ${environment.status}.`,
      hint: 'Deploy into an ACTIVE environment.',
    });
  }

  async list(
    caller: Caller,
    status: EnvironmentStatus | undefined,
    page: Page,
  ): Promise<{ items: EnvironmentRow[]; nextCursor: string | null }> {
    return cut(await this.environments.list(caller, status && [status], page), page.limit);
  }

  /** Starts the clean-up, a durable job that ends in DELETED. Asking again while it runs changes nothing. */
  async delete(caller: Caller, id: string, preserveVolumes: boolean): Promise<EnvironmentRow> {
    const environment = await this.get(caller, id);
    if (environment.status === 'DELETED') throw notFound(id);
    await this.environments.transaction(async (db) => {
      const moved = await this.environments.move(db, id, ['CREATING', 'ACTIVE', 'ERROR'], 'DELETING', {
        preserveVolumes,
        errorMessage: null,
      });
      if (moved) await this.jobs.add(db, 'environment.teardown', { environmentId: id }, { key: `teardown/${id}` });
    });
    return this.get(caller, id);
  }

  private reserve(caller: Caller, name: string): Promise<EnvironmentRow> {
    return this.environments.transaction(async (db) => {
      await this.environments.lockUser(db, caller.userId);
      if (await this.environments.nameTaken(db, caller.userId, name)) {
        throw new DomainError('ENVIRONMENT_NAME_TAKEN', {
          detail: `You have an environment named ${name} already.`,
          hint: 'Choose another name, or delete that one first.',
        });
      }
      const most = this.config.quota.environmentsPerUser;
      if ((await this.environments.countLive(db, caller.userId)) >= most) {
        throw new DomainError('ENVIRONMENT_QUOTA_EXCEEDED', {
          detail: `You have ${most} environments, the most that is allowed.`,
          hint: 'Delete one first.',
        });
      }
      const createdAt = this.clock.now();
      return this.environments.create(db, {
        name,
        overlayNetworkId: overlayName(name, createdAt),
        userId: caller.userId,
        createdAt,
      });
    });
  }
}

function notFound(id: string): DomainError {
  return new DomainError('ENVIRONMENT_NOT_FOUND', {
    detail: `Environment ${id} does not exist.`,
    hint: 'GET /environments lists yours.',
  });
}
