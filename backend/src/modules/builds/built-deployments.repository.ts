import { Injectable } from '@nestjs/common';
import { PrismaService } from '#src/core/database/prisma.service.js';
import { IN_PROGRESS_STATUSES, LIVE_STATUSES } from '#src/modules/deployments/domain/transitions.js';

/** Images of a name to which a rollback goes back. */
const RETAINED_PER_NAME = 3;
const BUILT = { not: 'IMAGE' } as const;

export interface BuiltDeployment {
  id: string;
  environmentId: string;
  name: string;
  createdAt: Date;
  /** its environment is deleted: no rollback needs it */
  isGone: boolean;
}

/** Reads which deployments were built here, and which of them still need their images and directories. */
@Injectable()
export class BuiltDeploymentsRepository {
  constructor(private readonly prisma: PrismaService) {}

  async idsIn(environmentId: string): Promise<Set<string>> {
    return idsOf(
      await this.prisma.deployment.findMany({ where: { environmentId, source: BUILT }, select: { id: true } }),
    );
  }

  async byIds(ids: string[]): Promise<BuiltDeployment[]> {
    const rows = await this.prisma.deployment.findMany({
      where: { id: { in: ids }, source: BUILT },
      select: { id: true, environmentId: true, name: true, createdAt: true, environment: { select: { status: true } } },
    });
    return rows.map(({ environment, ...row }) => ({ ...row, isGone: environment.status === 'DELETED' }));
  }

  /**
   * Returns the ids of the deployments whose images are in use: of live releases, of runs that have not ended, and of
   * the last three images that ran of each name. A rollback, a change and a promotion use the image of another
   * deployment, which may be in another environment. With `except` only what is used outside of that environment.
   */
  async idsInUse(except: string | null = null): Promise<Set<string>> {
    const rows = await this.prisma.$queryRaw<{ id: string }[]>`
      SELECT id FROM (
        SELECT id, "isLive", "ranAt", row_number() OVER (PARTITION BY "environmentId", name ORDER BY "ranAt" DESC NULLS LAST) AS rank
        FROM (
          SELECT coalesce(d."rollbackOfId", d.id) AS id, d."environmentId", d.name,
            bool_or(d.status = ANY(${LIVE_STATUSES}::"DeploymentStatus"[])) AS "isLive",
            max(d."createdAt") FILTER (WHERE d.status IN ('RUNNING', 'STOPPED')) AS "ranAt"
          FROM "Deployment" d JOIN "Environment" e ON e.id = d."environmentId"
          WHERE d.source <> 'IMAGE' AND e.status <> 'DELETED' AND d."environmentId" IS DISTINCT FROM ${except}::text
          GROUP BY 1, 2, 3) AS images) AS ranked
      WHERE "isLive" OR ("ranAt" IS NOT NULL AND rank <= ${RETAINED_PER_NAME})
      UNION
      SELECT coalesce(d."rollbackOfId", d.id) FROM "Run" r JOIN "Deployment" d ON d.id = r."deploymentId"
      WHERE r.status IN ('PENDING', 'RUNNING') AND r."environmentId" IS DISTINCT FROM ${except}::text`;
    return idsOf(rows);
  }

  async idsInProgress(ids: string[]): Promise<Set<string>> {
    const where = { id: { in: ids }, status: { in: IN_PROGRESS_STATUSES } };
    return idsOf(await this.prisma.deployment.findMany({ where, select: { id: true } }));
  }
}

function idsOf(rows: { id: string }[]): Set<string> {
  return new Set(rows.map(({ id }) => id));
}
