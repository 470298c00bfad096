import { Injectable } from '@nestjs/common';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { LIVE_STATUSES } from '#src/modules/deployments/domain/transitions.js';

/** Rows that one statement deletes, so that it ends within the timeout; the next run continues. */
const BATCH = 2000;

/** Deletes the logs and rows of ended deployments. Live deployments keep theirs. */
@Injectable()
export class RetentionRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Deletes logs that are older than `days`, or whose release is not among the last `releases` of its name. */
  async deleteOldLogs({ days, releases }: { days: number; releases: number }): Promise<number> {
    return this.prisma.$executeRaw`
      DELETE FROM "DeploymentLog" WHERE id IN (
        SELECT l.id FROM "DeploymentLog" l JOIN (
          SELECT id, status, coalesce("completedAt", "updatedAt") AS "endedAt",
            row_number() OVER (PARTITION BY "environmentId", name ORDER BY "createdAt" DESC, id DESC) AS release
          FROM "Deployment") AS d ON d.id = l."deploymentId"
        WHERE d.status <> ALL(${LIVE_STATUSES}::"DeploymentStatus"[])
          AND (d.release > ${releases} OR d."endedAt" < now() - ${days} * interval '1 day')
        LIMIT ${BATCH})`;
  }

  /** Deletes the oldest logs of every user who has more than `maxBytes` of them, as PostgreSQL stores them. */
  async deleteLogsAbove(maxBytes: number): Promise<number> {
    return this.prisma.$executeRaw`
      DELETE FROM "DeploymentLog" WHERE id IN (
        SELECT id FROM (
          SELECT l.id, d.status, l."createdAt",
            sum(pg_column_size(l.content)) OVER (PARTITION BY e."userId" ORDER BY l."createdAt" DESC, l.id DESC) AS bytes
          FROM "DeploymentLog" l JOIN "Deployment" d ON d.id = l."deploymentId"
            JOIN "Environment" e ON e.id = d."environmentId") AS logs
        WHERE bytes > ${maxBytes}::bigint AND status <> ALL(${LIVE_STATUSES}::"DeploymentStatus"[])
        ORDER BY "createdAt" LIMIT ${BATCH})`;
  }

  /** The same for the logs of ended runs. */
  async deleteRunLogsAbove(maxBytes: number): Promise<number> {
    return this.prisma.$executeRaw`
      DELETE FROM "RunLog" WHERE "runId" IN (
        SELECT "runId" FROM (
          SELECT l."runId", r.status, l."createdAt",
            sum(pg_column_size(l.content)) OVER (PARTITION BY e."userId" ORDER BY l."createdAt" DESC, l."runId" DESC) AS bytes
          FROM "RunLog" l JOIN "Run" r ON r.id = l."runId" JOIN "Environment" e ON e.id = r."environmentId") AS logs
        WHERE bytes > ${maxBytes}::bigint AND status NOT IN ('PENDING', 'RUNNING')
        ORDER BY "createdAt" LIMIT ${BATCH})`;
  }

  /** Deletes the oldest ended deployments of every user who has more than `max` of them. */
  async deleteDeploymentsAbove(max: number): Promise<number> {
    return this.prisma.$executeRaw`
      DELETE FROM "Deployment" WHERE id IN (
        SELECT id FROM (
          SELECT d.id, row_number() OVER (PARTITION BY e."userId" ORDER BY d."createdAt" DESC, d.id DESC) AS position
          FROM "Deployment" d JOIN "Environment" e ON e.id = d."environmentId"
          WHERE d.status <> ALL(${LIVE_STATUSES}::"DeploymentStatus"[])) AS ended
        WHERE position > ${max}
          AND NOT EXISTS (SELECT 1 FROM "Run" r WHERE r."deploymentId" = ended.id AND r.status IN ('PENDING', 'RUNNING'))
        LIMIT ${BATCH})`;
  }
}
