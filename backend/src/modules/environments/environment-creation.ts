import { Injectable } from '@nestjs/common';
import { type Caller, refuseBoundKey } from '#src/common/decorators/caller.js';
import type { IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { Clock } from '#src/common/time/clock.js';
import { expiryOf } from '#src/common/time/ttl.js';
import { Config } from '#src/config/config.js';
import { Audit } from '#src/core/audit/audit.js';
import { type IdempotencyReservation, Idempotency } from '#src/core/idempotency/idempotency.js';
import { type CreateEnvironmentDto, type EnvironmentAnswerDto, EnvironmentDto } from './environment.dto.js';
import { EnvironmentExpiry } from './environment-expiry.js';
import { overlayName } from './environment-name.js';
import { EnvironmentNetwork } from './environment-network.js';
import { EnvironmentsRepository, type EnvironmentRow } from './environments.repository.js';
import { nameTaken } from './environments.service.js';

/** Creates environments, each with its network. */
@Injectable()
export class EnvironmentCreation {
  constructor(
    private readonly environments: EnvironmentsRepository,
    private readonly network: EnvironmentNetwork,
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
    refuseBoundKey(caller);
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

  private reserve(
    caller: Caller,
    { name, ttlSeconds }: { name: string; ttlSeconds: number | null },
    claim: IdempotencyReservation,
  ): Promise<EnvironmentRow> {
    return this.environments.transaction(async (db) => {
      await claim.reserve(db);
      await this.environments.lockUser(db, caller.userId);
      if (await this.environments.nameTaken(db, caller.userId, name)) throw nameTaken(name);
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
}

/** The response, valid once the network exists. */
function answerFrom(reserved: EnvironmentRow): EnvironmentAnswerDto {
  return { environment: EnvironmentDto.from({ ...reserved, status: 'ACTIVE' }) };
}
