import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { DomainError, invalidField } from '#src/common/errors/domain-error.js';
import { cut, type Page } from '#src/common/pagination.js';
import { Clock } from '#src/common/time/clock.js';
import { expiryOf } from '#src/common/time/ttl.js';
import { Config } from '#src/config/config.js';
import { Audit } from '#src/core/audit/audit.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { type IdempotencyReservation, Idempotency } from '#src/core/idempotency/idempotency.js';
import type { EnvironmentStatus } from '#src/generated/prisma/client.js';
import {
  type CreateEnvironmentDto,
  type EnvironmentAnswerDto,
  EnvironmentDto,
  type UpdateEnvironmentDto,
} from './environment.dto.js';
import { EnvironmentExpiry } from './environment-expiry.js';
import { EnvironmentTeardown } from './environment-teardown.js';
import { EnvironmentNetwork } from './environment-network.js';
import { overlayName } from './environment-name.js';
import { EnvironmentsRepository, type EnvironmentRow, type LockedEnvironment } from './environments.repository.js';

@Injectable()
export class EnvironmentsService {
  constructor(
    private readonly environments: EnvironmentsRepository,
    private readonly network: EnvironmentNetwork,
    private readonly teardown: EnvironmentTeardown,
    private readonly expiry: EnvironmentExpiry,
    private readonly clock: Clock,
    private readonly config: Config,
    private readonly idempotency: Idempotency,
    private readonly audit: Audit,
  ) {}

  /**
   * Creates an environment with its network; it is ACTIVE on return. If the network cannot be created, nothing remains.
   */
  create(
    caller: Caller,
    { name, ttlSeconds }: CreateEnvironmentDto,
    idempotent?: IdempotentRequest,
  ): Promise<{ answer: EnvironmentAnswerDto; replayed: boolean }> {
    return this.idempotency.execute(idempotent, async (claim) => {
      const reserved = await this.reserve(caller, { name, ttlSeconds: ttlSeconds ?? null }, claim);
      try {
        await this.network.ensure(reserved);
      } catch (error) {
        await this.environments.remove(reserved.id);
        await claim.release();
        throw error;
      }
      await this.environments.move(this.environments.db, reserved.id, ['CREATING'], 'ACTIVE');
      await claim.complete();
      return answerFrom(reserved);
    });
  }

  /** Changes the name and the TTL; the network and the deployments are not affected. */
  async update(caller: Caller, id: string, { name, ttlSeconds }: UpdateEnvironmentDto): Promise<EnvironmentRow> {
    const { userId, name: current } = await this.getActive(caller, id);
    if (name == null && ttlSeconds === undefined) throw invalidField('name', 'or ttlSeconds must be given');
    await this.environments.transaction(async (db) => {
      await this.environments.lockUser(db, userId);
      if (name != null && name !== current) await this.requireFreeName(db, userId, name);
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
    if (!environment) throw notFound(id);
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
    if (!environment) throw notFound(id);
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
    if (environment.status === 'DELETED') throw notFound(id);
    await this.environments.transaction(async (db) => {
      if (!(await this.teardown.enqueue(db, id, { preserveVolumes }))) return;
      await this.audit.byCaller(db, caller, 'environment.deleted', id, { preserveVolumes });
    });
    return this.get(caller, id);
  }

  private reserve(
    caller: Caller,
    { name, ttlSeconds }: { name: string; ttlSeconds: number | null },
    claim: IdempotencyReservation,
  ): Promise<EnvironmentRow> {
    return this.environments.transaction(async (db) => {
      await claim.reserve(db);
      await this.environments.lockUser(db, caller.userId);
      await this.requireFreeName(db, caller.userId, name);
      const max = this.config.quota.environmentsPerUser;
      if ((await this.environments.countLive(db, caller.userId)) >= max) {
        throw new DomainError('ENVIRONMENT_QUOTA_EXCEEDED', {
          detail: `You have ${max} environments, the most that is allowed.`,
          hint: 'Delete one first.',
        });
      }
      const createdAt = this.clock.now();
      const environment = await this.environments.create(db, {
        name,
        overlayNetworkId: overlayName(name, createdAt),
        userId: caller.userId,
        createdAt,
        expiresAt: expiryOf(createdAt, ttlSeconds),
      });
      await this.expiry.scheduleWarning(db, environment.id, environment.expiresAt);
      await claim.storeResponse(db, answerFrom(environment), environment.id);
      await this.audit.byCaller(db, caller, 'environment.created', environment.id);
      return environment;
    });
  }

  private async requireFreeName(db: Db, userId: string, name: string): Promise<void> {
    if (!(await this.environments.nameTaken(db, userId, name))) return;
    throw new DomainError('ENVIRONMENT_NAME_TAKEN', {
      detail: `You have an environment named ${name} already.`,
      hint: 'Choose another name, or delete that one first.',
    });
  }
}

/** The response, valid once the network exists. */
function answerFrom(reserved: EnvironmentRow): EnvironmentAnswerDto {
  return { environment: EnvironmentDto.from({ ...reserved, status: 'ACTIVE' }) };
}

function active<T extends { id: string; status: EnvironmentStatus }>(environment: T): T {
  if (environment.status === 'ACTIVE') return environment;
  throw new DomainError('ENVIRONMENT_NOT_ACTIVE', {
    detail: `Environment ${environment.id} is ${environment.status}.`,
    hint: 'Deploy into an ACTIVE environment.',
  });
}

function notFound(id: string): DomainError {
  return new DomainError('ENVIRONMENT_NOT_FOUND', {
    detail: `Environment ${id} does not exist.`,
    hint: 'GET /environments lists yours.',
  });
}
