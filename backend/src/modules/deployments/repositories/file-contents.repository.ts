import { Injectable } from '@nestjs/common';
import { type Db, PrismaService } from '#src/core/database/prisma.service.js';
import { Prisma } from '#src/generated/prisma/client.js';
import { LIVE_STATUSES } from '#src/modules/deployments/domain/transitions.js';

/** A content that Swarm may have as a config or secret, though no live release uses it. */
export interface UnusedContent {
  environmentId: string;
  contentId: string;
  mounts: number;
}

const LIVE = Prisma.sql`ANY(${LIVE_STATUSES}::"DeploymentStatus"[])`;
/** Rows that one statement returns or deletes; the next run continues. */
const BATCH = 500;

/** Sealed contents of files: one row per environment and content. */
@Injectable()
export class FileContentsRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Reads outside of a transaction. */
  get db(): Db {
    return this.prisma;
  }

  /**
   * Returns which of the contents are stored. Their rows stay locked, so that the pruning, which checks `usedAt`, waits
   * for the release that uses them.
   */
  async reuse(db: Db, environmentId: string, contentIds: string[]): Promise<Set<string>> {
    const rows = await db.$queryRaw<{ contentId: string }[]>`
      UPDATE "FileContent" SET "usedAt" = now()
      WHERE "environmentId" = ${environmentId} AND "contentId" = ANY(${contentIds}) RETURNING "contentId"`;
    return new Set(rows.map(({ contentId }) => contentId));
  }

  async add(db: Db, row: Prisma.FileContentUncheckedCreateInput): Promise<void> {
    await db.fileContent.create({ data: row });
  }

  /** Bytes of all contents of a user. Locks the sum of this user until the transaction ends. */
  async bytesOf(db: Db, userId: string): Promise<number> {
    await db.$executeRaw`SELECT pg_advisory_xact_lock(hashtext(${`berth.files/${userId}`}))`;
    const { _sum } = await db.fileContent.aggregate({ where: { environment: { userId } }, _sum: { sizeBytes: true } });
    return _sum.sizeBytes ?? 0;
  }

  async sealed(db: Db, environmentId: string, contentId: string): Promise<string | undefined> {
    const where = { environmentId_contentId: { environmentId, contentId } };
    return (await db.fileContent.findUnique({ where, select: { sealed: true } }))?.sealed;
  }

  /** Before configs and secrets are created: from now on the sweep looks for them. */
  async willMount(environmentId: string, contentIds: string[]): Promise<void> {
    const where = { environmentId, contentId: { in: contentIds } };
    await this.prisma.fileContent.updateMany({ where, data: { mounts: { increment: 1 } } });
  }

  /** Contents that are mounted, and that no live release has; all, or those of one environment. */
  async unused(environmentId: string | null): Promise<UnusedContent[]> {
    return this.prisma.$queryRaw<UnusedContent[]>`
      WITH used AS (
        SELECT DISTINCT d."environmentId", file->>'contentId' AS "contentId"
        FROM "Deployment" d CROSS JOIN LATERAL jsonb_array_elements(d.files) AS file WHERE d.status = ${LIVE})
      SELECT c."environmentId", c."contentId", c.mounts FROM "FileContent" c
      WHERE c.mounts > 0 AND (${environmentId}::text IS NULL OR c."environmentId" = ${environmentId}) AND NOT EXISTS (
        SELECT 1 FROM used u WHERE u."environmentId" = c."environmentId" AND u."contentId" = c."contentId")
      LIMIT ${BATCH}`;
  }

  /** Its config and secret are removed, unless a release has begun to mount it since it was read. */
  async unmounted({ environmentId, contentId, mounts }: UnusedContent): Promise<boolean> {
    const where = { environmentId, contentId, mounts };
    return (await this.prisma.fileContent.updateMany({ where, data: { mounts: 0 } })).count > 0;
  }

  /**
   * Deletes the contents that neither a live release has nor one of the last `releases` of its name. Failed ones are
   * counted apart: attempts that fail must not end what a rollback needs.
   */
  async prune(releases: number): Promise<number> {
    return this.prisma.$executeRaw`
      WITH kept AS (
        SELECT DISTINCT d."environmentId", file->>'contentId' AS "contentId"
        FROM (
          SELECT d."environmentId", d.status, d."deletedAt", d.files, e.status AS "ofEnvironment",
            row_number() OVER (PARTITION BY d."environmentId", d.name, d.status = 'FAILED'
              ORDER BY d."createdAt" DESC, d.id DESC) AS release
          FROM "Deployment" d JOIN "Environment" e ON e.id = d."environmentId") AS d
          CROSS JOIN LATERAL jsonb_array_elements(d.files) AS file
        WHERE d.status = ${LIVE}
          OR (d.release <= ${releases} AND d."deletedAt" IS NULL AND d."ofEnvironment" <> 'DELETED'))
      DELETE FROM "FileContent" WHERE ("environmentId", "contentId") IN (
        SELECT c."environmentId", c."contentId" FROM "FileContent" c
        WHERE c.mounts = 0 AND NOT EXISTS (
          SELECT 1 FROM kept k WHERE k."environmentId" = c."environmentId" AND k."contentId" = c."contentId")
        LIMIT ${BATCH}) AND mounts = 0 AND "usedAt" < now() - interval '10 minutes'`;
  }
}
