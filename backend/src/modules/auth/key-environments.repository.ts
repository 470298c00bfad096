import { Injectable } from '@nestjs/common';
import { type Caller, ownedBy } from '#src/common/decorators/caller.js';
import type { Db } from '#src/core/database/prisma.service.js';
import type { Environment } from '#src/generated/prisma/client.js';

export type KeyEnvironment = Pick<Environment, 'id' | 'name' | 'status' | 'userId'>;

const FIELDS = { id: true, name: true, status: true, userId: true } as const;

/** Reads the environments that keys are bound to. */
@Injectable()
export class KeyEnvironmentsRepository {
  /** Those of the ids that the caller may access, in any status. */
  visible(db: Db, caller: Caller, ids: string[]): Promise<KeyEnvironment[]> {
    return db.environment.findMany({ where: { id: { in: ids }, ...ownedBy(caller) }, select: FIELDS });
  }

  /** The user's active environments, newest first. */
  active(db: Db, userId: string): Promise<KeyEnvironment[]> {
    const orderBy = [{ createdAt: 'desc' as const }, { id: 'desc' as const }];
    return db.environment.findMany({ where: { userId, status: 'ACTIVE' }, select: FIELDS, orderBy });
  }

  /** The same, by the user's Telegram id. */
  async activeOf(db: Db, telegramId: string): Promise<KeyEnvironment[]> {
    const user = await db.user.findUnique({ where: { telegramId }, select: { id: true } });
    return user ? this.active(db, user.id) : [];
  }

  /** Names by id, in the order of the ids; an id for which there is no environment stands for itself. */
  async names(db: Db, ids: string[]): Promise<string[]> {
    if (ids.length === 0) return [];
    const rows = await db.environment.findMany({ where: { id: { in: ids } }, select: FIELDS });
    return ids.map((id) => rows.find((row) => row.id === id)?.name ?? id);
  }
}
