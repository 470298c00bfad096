import { Injectable } from '@nestjs/common';
import { SCOPES, type Scope } from '../../common/decorators/access.js';
import type { Caller } from '../../common/decorators/caller.js';
import { DomainError } from '../../common/errors/domain-error.js';
import { Clock } from '../../common/time/clock.js';
import { IdSource } from '../../common/time/id-source.js';
import { Signals } from '../../core/database/signals.js';
import type { ApiKey } from '../../generated/prisma/client.js';
import { ApiKeysRepository, type KeyWithUser } from './api-keys.repository.js';
import { formatKey } from './key-format.js';
import { hashSecret } from './secret-hash.js';

export interface KeyRequest {
  telegramId: string;
  telegramHandle?: string;
  scopes: Scope[];
  expiresAt: Date | null;
}

@Injectable()
export class ApiKeysService {
  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly signals: Signals,
    private readonly ids: IdSource,
    private readonly clock: Clock,
  ) {}

  /** The only moment at which the whole key is known. */
  async mint({ telegramId, telegramHandle, scopes, expiresAt }: KeyRequest): Promise<{ apiKey: string; key: ApiKey }> {
    const parts = { keyId: this.ids.keyPart(), secret: this.ids.keyPart() };
    const user = await this.keys.upsertUser(telegramId, telegramHandle);
    const ordered = SCOPES.filter((scope) => scopes.includes(scope));
    const key = await this.keys.create({
      keyId: parts.keyId,
      secretHash: await hashSecret(parts.secret),
      scopes: ordered,
      userId: user.id,
      expiresAt,
    });
    return { apiKey: formatKey(parts), key };
  }

  listOwn(caller: Caller): Promise<ApiKey[]> {
    return this.keys.liveOf(caller.userId, this.clock.now());
  }

  listAll(): Promise<KeyWithUser[]> {
    return this.keys.all();
  }

  async me(caller: Caller): Promise<KeyWithUser> {
    const key = await this.keys.byKeyId(caller.keyId);
    if (!key) throw notFound(caller.keyId);
    return key;
  }

  /** Effective on every instance at once: their caches hear of it when this commits. Without a caller: anybody's key (the operator on the host). */
  async revoke(keyId: string, caller?: Caller): Promise<void> {
    await this.keys.transaction(async (db) => {
      const revoked = await this.keys.revoke(db, keyId, caller?.userId, this.clock.now());
      if (!revoked) throw notFound(keyId);
      await this.signals.publish(db, 'key.revoked', { keyId });
    });
  }
}

function notFound(keyId: string): DomainError {
  return new DomainError('API_KEY_NOT_FOUND', {
    detail: `API key ${keyId} does not exist.`,
    hint: 'GET /auth/keys lists yours.',
  });
}
