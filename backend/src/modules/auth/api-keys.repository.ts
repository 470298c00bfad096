import { Injectable } from '@nestjs/common';
import type { Scope } from '#src/common/decorators/access.js';
import type { ApiKey, Prisma, User } from '#src/generated/prisma/client.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';

export type KeyWithUser = ApiKey & { user: User };

const HOOK_FIELDS = { id: true, environmentId: true, name: true } satisfies Prisma.DeployHookSelect;
/** A hook that ends with a key. */
export type HookOfKey = Prisma.DeployHookGetPayload<{ select: typeof HOOK_FIELDS }>;

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

  create(
    db: Db,
    key: { keyId: string; secretHash: string; scopes: Scope[]; userId: string; expiresAt: Date | null },
  ): Promise<ApiKey> {
    return db.apiKey.create({ data: key });
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
