import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { DomainError, environmentNotFound, invalidField, unauthenticated } from '#src/common/errors/domain-error.js';
import { Clock } from '#src/common/time/clock.js';
import { Config } from '#src/config/config.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { ApiKeysRepository } from './api-keys.repository.js';
import { ApiKeysService, type MintedKey } from './api-keys.service.js';
import type { CreateKeyDto } from './create-key.dto.js';
import { boundsOfNewKey, type WantedBounds } from './key-bounds.js';
import { KeyEnvironmentsRepository } from './key-environments.repository.js';

/** Creates keys with a key: none can do more than the key that makes it. */
@Injectable()
export class MachineKeysService {
  constructor(
    private readonly keys: ApiKeysService,
    private readonly rows: ApiKeysRepository,
    private readonly environments: KeyEnvironmentsRepository,
    private readonly clock: Clock,
    private readonly config: Config,
  ) {}

  /** Throws INSUFFICIENT_SCOPE, ENVIRONMENT_NOT_FOUND, ENVIRONMENT_NOT_ACTIVE, API_KEY_QUOTA_EXCEEDED. */
  create(caller: Caller, body: CreateKeyDto): Promise<MintedKey> {
    const { userId, keyId, origin } = caller;
    const { name, expiresAt, ...others } = body;
    const wanted: WantedBounds = { ...others, ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }) };
    return this.rows.transaction(async (db) => {
      await this.keys.refuseAbove(db, userId, this.config.quota.keysPerUser);
      // Locked, so that a concurrent revocation of the maker names the new key, or comes first and refuses it.
      const now = this.clock.now();
      const maker = await this.rows.lockActive(db, keyId, now);
      if (!maker) throw unauthenticated();
      const bounds = boundsOfNewKey(caller, maker, wanted, now);
      if (wanted.environmentIds) await this.checkEnvironments(db, caller, wanted.environmentIds);
      return this.keys.mint(db, { userId, name, ...bounds, createdByKeyId: keyId }, origin);
    });
  }

  private async checkEnvironments(db: Db, caller: Caller, ids: string[]): Promise<void> {
    const visible = await this.environments.visible(db, caller, ids);
    for (const [index, id] of ids.entries()) {
      const environment = visible.find((one) => one.id === id);
      if (!environment || environment.status === 'DELETED') throw environmentNotFound(id);
      // Only an operator sees it; a key works for the environments of its own user.
      if (environment.userId !== caller.userId)
        throw invalidField(`environmentIds.${index}`, 'must be an environment of your own: a key belongs to its user');
      if (environment.status !== 'ACTIVE')
        throw new DomainError('ENVIRONMENT_NOT_ACTIVE', {
          detail: `Environment ${id} is ${environment.status}.`,
          hint: 'Bind the key to ACTIVE environments.',
        });
    }
  }
}
