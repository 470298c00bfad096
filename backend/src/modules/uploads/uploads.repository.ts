import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { WORKER_LOCK_CLASS } from '#src/core/database/worker-identity.js';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import { Prisma, type Upload } from '#src/generated/prisma/client.js';

/** Expired uploads are deleted later, because the transaction that creates a deployment may take some seconds. */
const SWEEP_AFTER = Prisma.sql`interval '1 minute'`;
/** Deployments that still have to read the upload. */
const PENDING_READERS = Prisma.sql`SELECT 1 FROM "Deployment" d WHERE d."uploadId" = u.id AND d."rollbackOfId" IS NULL
  AND d."errorCode" IS NULL AND d.status IN ('PENDING', 'PULLING_IMAGE')`;

/** Uploads and their chunks. Every query for a user filters by owner. */
@Injectable()
export class UploadsRepository {
  constructor(private readonly prisma: PrismaService) {}

  transaction<T>(run: (db: Db) => Promise<T>): Promise<T> {
    return this.prisma.transaction(run);
  }

  /** Serializes the quota checks of one user. */
  async lockUser(db: Db, userId: string): Promise<void> {
    await db.$executeRaw`SELECT 1 FROM "User" WHERE id = ${userId} FOR NO KEY UPDATE`;
  }

  countKept(db: Db, userId: string, now: Date): Promise<number> {
    return db.upload.count({ where: { userId, expiresAt: { gt: now } } });
  }

  /** Removes the user's oldest upload that was deployed and has no pending readers. False when there is none. */
  async removeOldestBuilt(db: Db, userId: string): Promise<boolean> {
    const count = await db.$executeRaw`
      DELETE FROM "Upload" WHERE id = (
        SELECT id FROM "Upload" u WHERE "userId" = ${userId} AND "completedAt" IS NOT NULL
          AND EXISTS (SELECT 1 FROM "Deployment" d WHERE d."uploadId" = u.id) AND NOT EXISTS (${PENDING_READERS})
        ORDER BY "createdAt" LIMIT 1)`;
    return count > 0;
  }

  create(
    db: Db,
    data: Pick<Upload, 'userId' | 'keyId' | 'isGzip' | 'receiverKey' | 'createdAt' | 'expiresAt'>,
  ): Promise<{ id: string }> {
    return db.upload.create({ data, select: { id: true } });
  }

  async complete(
    db: Db,
    id: string,
    data: { sha256: string; sizeBytes: number; completedAt: Date; expiresAt: Date },
  ): Promise<void> {
    await db.upload.update({ where: { id }, data });
  }

  async remove(id: string): Promise<void> {
    await this.prisma.upload.deleteMany({ where: { id } });
  }

  /**
   * An upload of the caller that is complete and not expired. Uploads belong to no environment: a key that is bound to
   * environments finds those that it sent itself.
   */
  find(db: Db, caller: Caller, id: string, now: Date): Promise<Upload | null> {
    const { isAdmin, userId, keyId, environmentIds } = caller;
    const owner = { ...(!isAdmin && { userId }), ...(environmentIds && { keyId }) };
    return db.upload.findFirst({ where: { id, ...owner, completedAt: { not: null }, expiresAt: { gt: now } } });
  }

  /** A complete upload of any owner, expired or not. */
  byId(id: string): Promise<Upload | null> {
    return this.prisma.upload.findFirst({ where: { id, completedAt: { not: null } } });
  }

  async *chunks(uploadId: string): AsyncGenerator<Buffer> {
    for (let position = 0; ; position++) {
      const chunk = await this.prisma.uploadChunk.findUnique({
        where: { uploadId_position: { uploadId, position } },
        select: { content: true },
      });
      if (!chunk) return;
      yield Buffer.from(chunk.content.buffer, chunk.content.byteOffset, chunk.content.byteLength);
    }
  }

  /** Deletes expired uploads without pending readers, and incomplete uploads of processes that are not alive. */
  async sweep(now: Date): Promise<void> {
    await this.prisma.$executeRaw`
      DELETE FROM "Upload" u WHERE "expiresAt" < ${now}::timestamptz - ${SWEEP_AFTER} AND NOT EXISTS (${PENDING_READERS})`;
    await this.prisma.$executeRaw`
      DELETE FROM "Upload" u WHERE "completedAt" IS NULL AND NOT EXISTS (
        SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = ${WORKER_LOCK_CLASS}::bigint AND objid = u."receiverKey")`;
  }
}
