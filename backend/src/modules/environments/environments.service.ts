import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { DomainError, environmentNotFound, invalidField } from '#src/common/errors/domain-error.js';
import { cut, type Page } from '#src/common/pagination.js';
import { Clock } from '#src/common/time/clock.js';
import { expiryOf } from '#src/common/time/ttl.js';
import { Audit } from '#src/core/audit/audit.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { EnvironmentStatus } from '#src/generated/prisma/client.js';
import type { UpdateEnvironmentDto } from './environment.dto.js';
import { EnvironmentExpiry } from './environment-expiry.js';
import { EnvironmentTeardown } from './environment-teardown.js';
import { EnvironmentsRepository, type EnvironmentRow, type LockedEnvironment } from './environments.repository.js';

/** Reads, changes and deletes environments. Other modules look environments up here. */
@Injectable()
export class EnvironmentsService {
  constructor(
    private readonly environments: EnvironmentsRepository,
    private readonly teardown: EnvironmentTeardown,
    private readonly expiry: EnvironmentExpiry,
    private readonly clock: Clock,
    private readonly audit: Audit,
  ) {}

  /** Changes the name and the TTL; the network and the deployments are not affected. */
  async update(caller: Caller, id: string, { name, ttlSeconds }: UpdateEnvironmentDto): Promise<EnvironmentRow> {
    const { userId, name: current } = await this.getActive(caller, id);
    if (name == null && ttlSeconds === undefined) throw invalidField('name', 'or ttlSeconds must be given');
    await this.environments.transaction(async (db) => {
      await this.environments.lockUser(db, userId);
      if (name != null && name !== current && (await this.environments.nameTaken(db, userId, name)))
        throw nameTaken(name);
      const expiry = ttlSeconds === undefined ? {} : { expiresAt: expiryOf(this.clock.now(), ttlSeconds) };
      if (!(await this.environments.change(db, id, { ...(name != null && { name }), ...expiry })))
        await this.getActive(caller, id);
      if (expiry.expiresAt === undefined) return;
      await this.expiry.scheduleWarning(db, id, expiry.expiresAt);
      const detail = { expiresAt: expiry.expiresAt?.toISOString() ?? null };
      await this.audit.byCaller(db, caller, 'environment.extended', id, detail);
    });
    return this.get(caller, id);
  }

  /** Returns the caller's environment in any status; throws ENVIRONMENT_NOT_FOUND, also for another user's. */
  async get(caller: Caller, id: string): Promise<EnvironmentRow> {
    const environment = await this.environments.find(caller, id);
    if (!environment) throw environmentNotFound(id);
    return environment;
  }

  /** Like `get`, but throws ENVIRONMENT_NOT_ACTIVE unless it can take deployments. */
  async getActive(caller: Caller, id: string): Promise<EnvironmentRow> {
    return active(await this.get(caller, id));
  }

  /**
   * Like `getActive`, and locks the row: one writer at a time decides for the environment. Without a caller, the owner
   * is not checked.
   */
  async lockActive(db: Db, id: string, caller?: Caller): Promise<LockedEnvironment> {
    const environment = await this.environments.lock(db, id, caller);
    if (!environment) throw environmentNotFound(id);
    return active(environment);
  }

  async list(
    caller: Caller,
    status: EnvironmentStatus | undefined,
    page: Page,
  ): Promise<{ items: EnvironmentRow[]; nextCursor: string | null }> {
    return cut(await this.environments.list(caller, status && [status], page), page.limit);
  }

  /** Enqueues the teardown, a durable job that ends in DELETED; a no-op while that job is pending. */
  async delete(caller: Caller, id: string, preserveVolumes: boolean): Promise<EnvironmentRow> {
    const environment = await this.get(caller, id);
    if (environment.status === 'DELETED') throw environmentNotFound(id);
    await this.environments.transaction(async (db) => {
      if (!(await this.teardown.enqueue(db, id, { preserveVolumes }))) return;
      await this.audit.byCaller(db, caller, 'environment.deleted', id, { preserveVolumes });
    });
    return this.get(caller, id);
  }
}

function active<T extends { id: string; status: EnvironmentStatus }>(environment: T): T {
  if (environment.status === 'ACTIVE') return environment;
  throw new DomainError('ENVIRONMENT_NOT_ACTIVE', {
    detail: `Environment ${environment.id} is ${environment.status}.`,
    hint: 'Deploy into an ACTIVE environment.',
  });
}

export function nameTaken(name: string): DomainError {
  return new DomainError('ENVIRONMENT_NAME_TAKEN', {
    detail: `You have an environment named ${name} already.`,
    hint: 'Choose another name, or delete that one first.',
  });
}
