import { Injectable } from '@nestjs/common';
import { type Caller, ownedBy } from '#src/common/decorators/caller.js';
import { afterPosition, NEWEST_FIRST, type Page } from '#src/common/pagination.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import type { Certificate, Environment, EnvironmentStatus } from '#src/generated/prisma/client.js';

export type EnvironmentRow = Environment & { certificate: Certificate | null };
export type LockedEnvironment = Pick<Environment, 'id' | 'userId' | 'status'>;

const WITH_CERTIFICATE = { certificate: true } as const;
const LIVE: EnvironmentStatus[] = ['CREATING', 'ACTIVE', 'DELETING', 'ERROR'];

@Injectable()
export class EnvironmentsRepository {
  constructor(private readonly prisma: PrismaService) {}

  transaction<T>(run: (db: Db) => Promise<T>): Promise<T> {
    return this.prisma.transaction(run);
  }

  /** Locks the user's row: one writer per user at a time checks names and the quota. */
  async lockUser(db: Db, userId: string): Promise<void> {
    await db.$executeRaw`SELECT 1 FROM "User" WHERE id = ${userId} FOR UPDATE`;
  }

  /** Locks the row; with `caller`, only if the caller may access it. */
  async lock(db: Db, id: string, caller: Caller | undefined): Promise<LockedEnvironment | undefined> {
    const owner = caller && !caller.isAdmin ? caller.userId : null;
    const bound = caller?.environmentIds ?? null;
    const [row] = await db.$queryRaw<LockedEnvironment[]>`
      SELECT id, "userId", status::text FROM "Environment" WHERE id = ${id}
        AND (${owner}::text IS NULL OR "userId" = ${owner})
        AND (${bound}::text[] IS NULL OR id = ANY(${bound})) FOR UPDATE`;
    return row;
  }

  async nameTaken(db: Db, userId: string, name: string): Promise<boolean> {
    return (await db.environment.count({ where: { userId, name, status: { in: LIVE } } })) > 0;
  }

  countLive(db: Db, userId: string): Promise<number> {
    return db.environment.count({ where: { userId, status: { in: LIVE } } });
  }

  create(
    db: Db,
    data: { name: string; overlayNetworkId: string; userId: string; createdAt: Date; expiresAt: Date | null },
  ): Promise<EnvironmentRow> {
    return db.environment.create({ data, include: WITH_CERTIFICATE });
  }

  /** Returns the environment in any status; null when the caller may not access it. */
  find(caller: Caller, id: string): Promise<EnvironmentRow | null> {
    return this.prisma.environment.findFirst({ where: { id, ...ownedBy(caller) }, include: WITH_CERTIFICATE });
  }

  byId(id: string): Promise<Environment | null> {
    return this.prisma.environment.findUnique({ where: { id } });
  }

  /** Returns one row more than the limit when there is another page. */
  list(caller: Caller, statuses: EnvironmentStatus[] | undefined, { limit, after }: Page): Promise<EnvironmentRow[]> {
    return this.prisma.environment.findMany({
      where: { ...ownedBy(caller), status: { in: statuses ?? LIVE }, ...afterPosition(after) },
      include: WITH_CERTIFICATE,
      orderBy: NEWEST_FIRST,
      take: limit + 1,
    });
  }

  withIds(ids: string[]): Promise<Environment[]> {
    return this.prisma.environment.findMany({ where: { id: { in: ids } } });
  }

  withStatus(status: EnvironmentStatus): Promise<Environment[]> {
    return this.prisma.environment.findMany({ where: { status } });
  }

  /** Compare-and-set: false when the status is none of `from`. */
  async move(
    db: Db,
    id: string,
    from: EnvironmentStatus[],
    to: EnvironmentStatus,
    data: { preserveVolumes?: boolean; errorMessage?: string | null } = {},
  ): Promise<boolean> {
    const { count } = await db.environment.updateMany({
      where: { id, status: { in: from } },
      data: { status: to, ...data },
    });
    return count > 0;
  }

  /** Returns false when the environment is not ACTIVE. */
  async change(db: Db, id: string, data: { name?: string; expiresAt?: Date | null }): Promise<boolean> {
    const { count } = await db.environment.updateMany({ where: { id, status: 'ACTIVE' }, data });
    return count > 0;
  }

  async remove(id: string): Promise<void> {
    await this.prisma.environment.deleteMany({ where: { id, status: 'CREATING' } });
  }

  get db(): Db {
    return this.prisma;
  }
}
