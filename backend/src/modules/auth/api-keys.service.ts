import { Injectable } from '@nestjs/common';
import { SCOPES, type Scope } from '#src/common/decorators/access.js';
import { type Caller, requireScope } from '#src/common/decorators/caller.js';
import type { Origin } from '#src/common/decorators/origin.js';
import { DomainError, invalidField } from '#src/common/errors/domain-error.js';
import { Clock } from '#src/common/time/clock.js';
import { IdSource } from '#src/common/time/id-source.js';
import { Audit } from '#src/core/audit/audit.js';
import type { Db } from '#src/core/database/prisma.service.js';
import { PgNotifications } from '#src/core/database/pg-notifications.js';
import type { ApiKey } from '#src/generated/prisma/client.js';
import { ApiKeysRepository, type KeyWithUser, type Revocation } from './api-keys.repository.js';
import { knowsKey } from './key-bounds.js';
import { formatKey } from './key-format.js';
import { hashSecret } from './secret-hash.js';

/** For how long an expired key is listed. */
const EXPIRED_LISTED_MS = 7 * 24 * 3_600_000;

export interface KeyRequest {
  userId: string;
  scopes: Scope[];
  expiresAt: Date | null;
  name?: string | null;
  /** Environments that the key is bound to; none: all that the user may access. */
  environmentIds?: string[];
  /** Addresses and ranges that it works from; none: any. */
  allowAddresses?: string[];
  /** The key that makes it. */
  createdByKeyId?: string;
}

/** A new key in clear text, which is not stored, and its row. */
export interface MintedKey {
  apiKey: string;
  key: ApiKey;
}

@Injectable()
export class ApiKeysService {
  constructor(
    private readonly keys: ApiKeysRepository,
    private readonly notifications: PgNotifications,
    private readonly audit: Audit,
    private readonly ids: IdSource,
    private readonly clock: Clock,
  ) {}

  /** Throws API_KEY_QUOTA_EXCEEDED when the user has `max` active keys. */
  async refuseAbove(db: Db, userId: string, max: number): Promise<void> {
    if ((await this.keys.countActive(db, userId, this.clock.now())) < max) return;
    throw new DomainError('API_KEY_QUOTA_EXCEEDED', {
      detail: `You have ${max} active API keys, the maximum.`,
      hint: 'Revoke one with POST /auth/revoke or with /api_revoke in the bot, then try again.',
    });
  }

  countActive(userId: string): Promise<number> {
    return this.keys.transaction((db) => this.keys.countActive(db, userId, this.clock.now()));
  }

  async mint(db: Db, request: KeyRequest, origin: Origin): Promise<MintedKey> {
    const { userId, expiresAt, name = null, environmentIds = [], allowAddresses = [], createdByKeyId = null } = request;
    const scopes = SCOPES.filter((scope) => request.scopes.includes(scope));
    if (scopes.includes('ADMIN') && environmentIds.length > 0)
      throw invalidField('environmentIds', 'must be left out of a key with ADMIN, which sees every environment');
    const parts = { keyId: this.ids.keyPart(), secret: this.ids.keyPart() };
    const bounds = { name, scopes, environmentIds, allowAddresses, createdByKeyId };
    const secretHash = await hashSecret(parts.secret);
    const key = await this.keys.create(db, { keyId: parts.keyId, secretHash, userId, expiresAt, ...bounds });
    const detail = { ...bounds, expiresAt: expiresAt?.toISOString() ?? null, owner: userId };
    const actor = origin.via === 'HOST' ? null : userId;
    await this.audit.record(db, { action: 'key.created', userId: actor, keyId: key.keyId, detail }, origin);
    return { apiKey: formatKey(parts), key };
  }

  /** Creates a key for a Telegram user, who may not have written to the bot yet. */
  mintOnHost(
    user: { telegramId: string; telegramHandle?: string },
    key: Omit<KeyRequest, 'userId'>,
  ): Promise<MintedKey> {
    return this.keys.transaction(async (db) => {
      const { id: userId } = await this.keys.upsertUser(db, user.telegramId, user.telegramHandle);
      return this.mint(db, { userId, ...key }, { via: 'HOST' });
    });
  }

  /** The user's keys that the caller's key knows: active ones, and those that have expired lately. */
  async listOwn(caller: Caller): Promise<{ active: ApiKey[]; expired: ApiKey[] }> {
    const { active, expired } = await this.listOf(caller.userId);
    const known = (key: ApiKey) => knowsKey(caller, key);
    return { active: active.filter(known), expired: expired.filter(known) };
  }

  /** All keys of the user: active ones, and those that have expired lately. */
  async listOf(userId: string): Promise<{ active: ApiKey[]; expired: ApiKey[] }> {
    const now = this.clock.now();
    const since = new Date(now.getTime() - EXPIRED_LISTED_MS);
    const [active, expired] = await Promise.all([
      this.keys.listActive(userId, now),
      this.keys.listExpired(userId, since, now),
    ]);
    return { active, expired };
  }

  /** Keys that a key of the user made and that would still work after its revocation. */
  activeMadeBy(db: Db, userId: string, keyId: string): Promise<Revocation['remainingKeys']> {
    return this.keys.activeMadeBy(db, userId, keyId, this.clock.now());
  }

  listAll(): Promise<KeyWithUser[]> {
    return this.keys.all();
  }

  async me(caller: Caller): Promise<KeyWithUser> {
    const key = await this.keys.byKeyId(caller.keyId);
    if (!key) throw notFound(caller.keyId);
    return key;
  }

  /**
   * Revokes a key of the caller's user. Throws API_KEY_NOT_FOUND, also for a key that the caller's does not know, and
   * INSUFFICIENT_SCOPE for a key that may do what the caller's may not: a read-only key cannot lock the user out.
   */
  revokeOwn(caller: Caller, keyId: string): Promise<Revocation> {
    return this.keys.transaction(async (db) => {
      const { key, ...revocation } = await this.revokeKey(db, keyId, caller.userId, caller.origin);
      if (!knowsKey(caller, key)) throw notFound(keyId);
      if (keyId !== caller.keyId) requireScope(caller, ...key.scopes);
      return revocation;
    });
  }

  /** Revokes any key, for the operator on the host. Throws API_KEY_NOT_FOUND. */
  revokeOnHost(keyId: string): Promise<Revocation> {
    return this.keys.transaction((db) => this.revokeKey(db, keyId, undefined, { via: 'HOST' }));
  }

  /** Revokes a key of the user in a transaction. Throws API_KEY_NOT_FOUND. */
  revokeIn(db: Db, keyId: string, userId: string, origin: Origin): Promise<Revocation> {
    return this.revokeKey(db, keyId, userId, origin);
  }

  /** Counts the hooks that end when the user is removed. */
  countHooksOf(db: Db, userId: string): Promise<number> {
    return this.keys.countHooksOfUser(db, userId);
  }

  /** Revokes all active keys of the user and returns how many there were. */
  async revokeAllIn(db: Db, ownerId: string, actorId: string, origin: Origin): Promise<number> {
    const keyIds = await this.keys.revokeAll(db, ownerId, this.clock.now());
    for (const keyId of keyIds) await this.publishRevocation(db, keyId, actorId, origin);
    return keyIds.length;
  }

  /** Every instance evicts the key from its cache when the transaction commits. */
  private async revokeKey(
    db: Db,
    keyId: string,
    userId: string | undefined,
    origin: Origin,
  ): Promise<Revocation & { key: ApiKey }> {
    const key = await this.keys.revoke(db, keyId, userId, this.clock.now());
    if (!key) throw notFound(keyId);
    await this.publishRevocation(db, keyId, userId ?? null, origin);
    const suspendedHooks = await this.keys.hooksOfKey(db, keyId);
    return { key, suspendedHooks, remainingKeys: await this.activeMadeBy(db, key.userId, keyId) };
  }

  private async publishRevocation(db: Db, keyId: string, userId: string | null, origin: Origin): Promise<void> {
    await this.audit.record(db, { action: 'key.revoked', userId, keyId }, origin);
    await this.notifications.publish(db, 'key.revoked', { keyId });
  }
}

function notFound(keyId: string): DomainError {
  return new DomainError('API_KEY_NOT_FOUND', {
    detail: `API key ${keyId} does not exist.`,
    hint: 'GET /auth/keys lists yours.',
  });
}
