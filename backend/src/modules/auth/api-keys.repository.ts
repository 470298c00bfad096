import { Injectable } from '@nestjs/common';
import type { ApiKey, Prisma, User } from '#src/generated/prisma/client.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';

export type KeyWithUser = ApiKey & { user: User };

const HOOK_FIELDS = { id: true, environmentId: true, name: true } satisfies Prisma.DeployHookSelect;
/** A hook that ends with a key. */
export type HookOfKey = Prisma.DeployHookGetPayload<{ select: typeof HOOK_FIELDS }>;
/** What the revocation of a key ends besides it, and what not. */
export interface Revocation {
  suspendedHooks: HookOfKey[];
  remainingKeys: Pick<ApiKey, 'keyId' | 'name'>[];
}

@Injectable()
export class ApiKeysRepository {
  constructor(private readonly prisma: PrismaService) {}

  byKeyId(keyId: string): Promise<KeyWithUser | null> {
    return this.prisma.apiKey.findUnique({ where: { keyId }, include: { user: true } });
  }

  /** Returns the user's active keys (neither revoked nor expired), newest first. */
  listActive(userId: string, now: Date): Promise<ApiKey[]> {
    return this.prisma.apiKey.findMany({
      where: { userId, revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
    });
  }

  /** Returns the user's keys that expired after `since`, the last to expire first. */
  listExpired(userId: string, since: Date, now: Date): Promise<ApiKey[]> {
    return this.prisma.apiKey.findMany({
      where: { userId, revokedAt: null, expiresAt: { gt: since, lte: now } },
      orderBy: [{ expiresAt: 'desc' }, { id: 'desc' }],
    });
  }

  /** Returns the key if it is active, and keeps it so until the end of the transaction. */
  async lockActive(db: Db, keyId: string, now: Date): Promise<ApiKey | undefined> {
    await db.$executeRaw`SELECT 1 FROM "ApiKey" WHERE "keyId" = ${keyId} FOR SHARE`;
    const active = { keyId, revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] };
    return (await db.apiKey.findFirst({ where: active })) ?? undefined;
  }

  /** Returns the active keys that the key made, and those that they made in turn, oldest first. */
  activeMadeBy(db: Db, userId: string, keyId: string, now: Date): Promise<Revocation['remainingKeys']> {
    return db.$queryRaw<Revocation['remainingKeys']>`
      WITH RECURSIVE made AS (
        SELECT "keyId" FROM "ApiKey" WHERE "createdByKeyId" = ${keyId}
        UNION SELECT k."keyId" FROM "ApiKey" k JOIN made ON k."createdByKeyId" = made."keyId")
      SELECT k."keyId", k.name FROM "ApiKey" k JOIN made ON made."keyId" = k."keyId"
      WHERE k."userId" = ${userId} AND k."revokedAt" IS NULL
        AND (k."expiresAt" IS NULL OR k."expiresAt" > ${now}::timestamptz)
      ORDER BY k."createdAt", k.id`;
  }

  /** Counts the user's active keys, and locks the user's row: one writer at a time. */
  async countActive(db: Db, userId: string, now: Date): Promise<number> {
    await db.$executeRaw`SELECT 1 FROM "User" WHERE id = ${userId} FOR NO KEY UPDATE`;
    return db.apiKey.count({
      where: { userId, revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
    });
  }

  all(): Promise<KeyWithUser[]> {
    return this.prisma.apiKey.findMany({ include: { user: true }, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] });
  }

  upsertUser(db: Db, telegramId: string, telegramHandle: string | undefined): Promise<User> {
    const handle = telegramHandle === undefined ? {} : { telegramHandle };
    return db.user.upsert({ where: { telegramId }, create: { telegramId, ...handle }, update: handle });
  }

  create(db: Db, data: Prisma.ApiKeyUncheckedCreateInput): Promise<ApiKey> {
    return db.apiKey.create({ data });
  }

  /** Returns undefined when the key does not exist, is revoked already, or belongs to another user. */
  async revoke(db: Db, keyId: string, userId: string | undefined, now: Date): Promise<ApiKey | undefined> {
    const owner = userId === undefined ? {} : { userId };
    const [key] = await db.apiKey.updateManyAndReturn({
      where: { keyId, revokedAt: null, ...owner },
      data: { revokedAt: now },
    });
    return key;
  }

  /** Returns the hooks that the key made. */
  hooksOfKey(db: Db, keyId: string): Promise<HookOfKey[]> {
    return db.deployHook.findMany({ where: { keyId }, select: HOOK_FIELDS, orderBy: { name: 'asc' } });
  }

  /** Counts the hooks in the user's environments and those that the user's keys made. */
  countHooksOfUser(db: Db, userId: string): Promise<number> {
    return db.deployHook.count({ where: { OR: [{ environment: { userId } }, { key: { userId } }] } });
  }

  /** Revokes the user's active keys and returns their keyIds. */
  async revokeAll(db: Db, userId: string, now: Date): Promise<string[]> {
    const rows = await db.apiKey.updateManyAndReturn({
      where: { userId, revokedAt: null, OR: [{ expiresAt: null }, { expiresAt: { gt: now } }] },
      data: { revokedAt: now },
      select: { keyId: true },
    });
    return rows.map(({ keyId }) => keyId);
  }

  transaction<T>(run: (db: Db) => Promise<T>): Promise<T> {
    return this.prisma.transaction(run);
  }

  async touch(keyId: string, now: Date): Promise<void> {
    await this.prisma.apiKey.updateMany({ where: { keyId }, data: { lastUsedAt: now } });
  }
}
